import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod, SourceProblem, SourceSnapshot } from "@nk/pod-model";
import type { FileSourceOptions, PodSourceDriver, SourceOptions } from "../src/options.ts";
import { createFileSource } from "../src/file-source.ts";

/** A source at work in a test, and what it said. */
export interface RunningSource extends AsyncDisposable {
  readonly snapshots: readonly SourceSnapshot[];
  readonly problems: readonly SourceProblem[];
  /** The last snapshot, now or later, for which the condition holds. */
  readonly until: (condition: (snapshot: SourceSnapshot) => boolean) => Promise<SourceSnapshot>;
  /** The same for a problem told, which may come without a snapshot. */
  readonly untilProblem: (pattern: RegExp) => Promise<SourceProblem>;
}

type Listening = Pick<SourceOptions, "onSnapshot" | "onProblem">;

/** Runs a source until it is disposed; then it must stop, or the test hangs and fails. */
export const runSource = (create: (listening: Required<Listening>) => PodSourceDriver): RunningSource => {
  const snapshots: SourceSnapshot[] = [];
  const problems: SourceProblem[] = [];
  const checks = new Set<() => void>();
  const tell = (): void => {
    for (const check of checks) check();
  };
  const abort = new AbortController();
  const source = create({
    onSnapshot: (snapshot) => {
      snapshots.push(snapshot);
      tell();
    },
    onProblem: (problem) => {
      problems.push(problem);
      tell();
    },
  });
  const ended = source.run(abort.signal);
  const waitFor = async <T>(find: () => T | undefined): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    checks.add(check);
    check();
    ended.then(() => reject(new Error("the source ended")), reject);
    try {
      return await promise;
    } finally {
      checks.delete(check);
    }
  };
  return {
    snapshots,
    problems,
    until: (condition) =>
      waitFor(() => {
        const last = snapshots.at(-1);
        return last !== undefined && condition(last) ? last : undefined;
      }),
    untilProblem: (pattern) => waitFor(() => problems.find(({ message }) => pattern.test(message))),
    [Symbol.asyncDispose]: async () => {
      abort.abort(new Error("test over"));
      await ended;
    },
  };
};

/** A file source on node `n`. */
export const runFileSource = (path: string, more: Partial<FileSourceOptions> = {}): RunningSource =>
  runSource((listening) => createFileSource({ path, nodeName: "n", ...listening, ...more }));

/** A directory of its own, gone after the scope. */
export const makeDirectory = async (): Promise<AsyncDisposable & { readonly path: string; readonly at: (name: string) => string }> => {
  const path = await mkdtemp(join(tmpdir(), "nk-static-pods-"));
  return { path, at: (name) => join(path, name), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

/** Text of a manifest. */
export const manifest = (name: string, command = "x"): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "c", image: "i", command: [command] }] },
  });

export const namesOf = ({ pods }: { readonly pods: readonly Pod[] }): string =>
  pods.map((pod) => pod.metadata?.name?.replace(/-n$/u, "")).join(" ");
export const commandsOf = ({ pods }: { readonly pods: readonly Pod[] }): string =>
  pods.map((pod) => pod.spec?.containers[0]?.command?.[0]).join(" ");
