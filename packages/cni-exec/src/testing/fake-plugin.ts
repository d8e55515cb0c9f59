import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../go-json.ts";
import type { CniCommand } from "../plugin-run.ts";
import { CNI_SPEC_VERSIONS } from "../spec-version.ts";
import { FAKE_PLUGIN_PROGRAM } from "./fake-plugin-program.ts";

/** What a fake plugin does at a verb; each may write to stderr first. */
export type FakeReply = (
  | { /** What a sound plugin does: ADD passes `prevResult` on or makes up a result, the others succeed. */ readonly type: "well" }
  | { readonly type: "answer"; readonly json: unknown }
  | { readonly type: "fail"; readonly code: number; readonly msg: string; readonly details?: string }
  | { /** Any bytes at all, e.g. garbage. */ readonly type: "print"; readonly stdout: string; readonly exitCode?: number }
  | {
      /** Writes so much; to stderr on the way to success. */ readonly type: "flood";
      readonly stream: "stdout" | "stderr";
      readonly bytes: number;
    }
  | { readonly type: "crash"; readonly signal?: NodeJS.Signals }
  | { /** Never ends, and has a child that does not either. */ readonly type: "hang"; readonly ignoresTerm?: boolean }
) & { readonly stderr?: string };

/** What a fake plugin is to do; what is left out it does well. */
export interface FakePluginScript {
  readonly replies?: { readonly [Command in CniCommand]?: FakeReply } | undefined;
  /** Default: all. Configurations of other versions are refused with code 1. */
  readonly supportedVersions?: readonly string[] | undefined;
  /** Answers VERSION as plugins did before there was such a verb; default false. */
  readonly isOlderThanVersion?: boolean | undefined;
}

/** One call that a fake plugin got. */
export interface FakeCall {
  readonly command: string;
  /** What it read from stdin; empty when that was not JSON. */
  readonly config: JsonObject;
  readonly env: { readonly [name: string]: string };
  /** Its stdin as it came. */
  readonly stdin: string;
}

/** A program that behaves as a CNI plugin is told to. */
export interface FakePlugin {
  /** Its name, for `type` of a configuration. */
  readonly type: string;
  /** Its executable. */
  readonly path: string;
  /** The calls so far, oldest first. */
  calls(): Promise<readonly FakeCall[]>;
  /** Gives it another script from its next call on. */
  rescript(script: FakePluginScript): Promise<void>;
  /** The processes of calls that hang: the plugin's and its child's. */
  hangingPids(): Promise<readonly number[]>;
  remove(): Promise<void>;
}

/** What {@link createFakePlugin} takes. */
export interface FakePluginOptions {
  /** The plugin directory. */
  readonly dir: string;
  readonly type: string;
  readonly script?: FakePluginScript | undefined;
  /** program (default) runs; the others are there and do not: without the permission, or with an interpreter that does not exist. */
  readonly kind?: "program" | "not-executable" | "no-interpreter" | undefined;
}

const readLines = async (path: string): Promise<readonly string[]> => {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
};

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Puts a fake plugin into a directory. It needs nothing but the Node that runs the test. */
export const createFakePlugin = async (options: FakePluginOptions): Promise<FakePlugin> => {
  const { dir, type, kind = "program" } = options;
  const path = join(dir, type);
  const home = join(dir, `.${type}.fake`);
  const rescript = async ({
    replies = {},
    supportedVersions = CNI_SPEC_VERSIONS,
    isOlderThanVersion = false,
  }: FakePluginScript): Promise<void> =>
    writeFile(join(home, "script.json"), JSON.stringify({ replies, supportedVersions, isOlderThanVersion }));
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "program.cjs"), FAKE_PLUGIN_PROGRAM);
  await rescript(options.script ?? {});
  const interpreter = kind === "no-interpreter" ? "/no/such/interpreter" : "/bin/sh";
  await writeFile(path, `#!${interpreter}\nexec ${quote(process.execPath)} ${quote(join(home, "program.cjs"))}\n`);
  await chmod(path, kind === "not-executable" ? 0o644 : 0o755);
  return {
    type,
    path,
    rescript,
    calls: async () => (await readLines(join(home, "calls.jsonl"))).map((line) => JSON.parse(line) as FakeCall),
    hangingPids: async () => (await readLines(join(home, "pids"))).map(Number),
    remove: async () => {
      await rm(path, { force: true });
      await rm(home, { recursive: true, force: true });
    },
  };
};
