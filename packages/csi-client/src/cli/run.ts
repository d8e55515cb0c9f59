import { readFile } from "node:fs/promises";
import { createUncheckedCsiCalls, openCsiClient } from "../client.ts";
import { isCsiError } from "../errors.ts";
import { runSanity, SANITY_CHECKS } from "../sanity/suite.ts";
import type { SanityResult } from "../sanity/suite.ts";
import type { SanitySecrets } from "../sanity/volumes-under-test.ts";
import { HELP, readArguments, UsageError } from "./arguments.ts";
import type { CliCommand, CliConnection } from "./arguments.ts";

/** Where the program writes, and who may stop it. */
export interface CliHost {
  write(text: string): void;
  writeError(text: string): void;
  /** Its abort ends what is under way; the suite first undoes what the check that runs has made. */
  readonly signal: AbortSignal;
}

type Of<Verb extends CliCommand["verb"]> = Extract<CliCommand, { readonly verb: Verb }>;

const line = (host: CliHost, text: string): void => host.write(`${text}\n`);

/** Sizes are bigints, which JSON has not: as numbers where those are exact, else as strings. */
const toJson = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, entry: unknown) => (typeof entry === "bigint" ? (Number.isSafeInteger(Number(entry)) ? Number(entry) : String(entry)) : entry),
    2,
  );

const showInfo = async (command: CliConnection, host: CliHost): Promise<number> => {
  const { endpoint, timeoutMs } = command;
  await using client = await openCsiClient({ endpoint, timeoutMs, openTimeoutMs: timeoutMs, signal: host.signal });
  const { name, vendorVersion, manifest } = client.driver;
  const node = client.supports.node ? await client.nodeGetInfo({}, { signal: host.signal }) : undefined;
  if (command.isJson) {
    line(host, toJson({ name, vendorVersion, manifest, node: node ?? null }));
    return 0;
  }
  line(host, `driver   ${name} ${vendorVersion}`);
  for (const [key, value] of Object.entries(manifest)) line(host, `manifest ${key}=${value}`);
  if (node === undefined) return 0;
  line(host, `node     ${node.nodeId}`);
  line(host, `volumes  ${node.maxVolumesPerNode === 0n ? "not limited" : `at most ${String(node.maxVolumesPerNode)}`}`);
  for (const [key, value] of Object.entries(node.accessibleTopology?.segments ?? {})) line(host, `topology ${key}=${value}`);
  return 0;
};

const showProbe = async (command: CliConnection, host: CliHost): Promise<number> => {
  const { endpoint, timeoutMs } = command;
  await using calls = createUncheckedCsiCalls({ endpoint, timeoutMs, retry: { maxAttempts: 1 } });
  const { ready } = await calls.probe({}, { signal: host.signal });
  line(host, command.isJson ? toJson({ ready: ready ?? null }) : ready === false ? "not ready" : "ready");
  return ready === false ? 1 : 0;
};

const showCapabilities = async (command: CliConnection, host: CliHost): Promise<number> => {
  const { endpoint, timeoutMs } = command;
  await using client = await openCsiClient({ endpoint, timeoutMs, openTimeoutMs: timeoutMs, signal: host.signal });
  if (command.isJson) line(host, toJson(client.supports));
  else for (const [name, can] of Object.entries(client.supports)) line(host, `${can ? "yes" : "no "} ${name}`);
  return 0;
};

const isStringMap = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.values(value).every((entry) => typeof entry === "string"));

/** Never quotes what is in the file. */
const readSecrets = async (path: string): Promise<SanitySecrets> => {
  const fail = (reason: string): UsageError => new UsageError(`--secrets-file ${path} ${reason}`);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw fail(`cannot be read: ${error instanceof Error && "code" in error ? String(error.code) : "unknown"}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail("is no JSON");
  }
  const { controller, node } = (value ?? {}) as { readonly controller?: unknown; readonly node?: unknown };
  if (!isStringMap(controller) || !isStringMap(node))
    throw fail('is to be {"controller": {KEY: VALUE}, "node": {KEY: VALUE}} with strings');
  return value as SanitySecrets;
};

const describeResult = ({ id, title, status, detail }: SanityResult): string => {
  const mark = { passed: "ok  ", failed: "FAIL", skipped: "skip" }[status];
  return `${mark} ${id}: ${title}${detail === undefined ? "" : `\n       ${detail}`}`;
};

const runSuite = async (command: Of<"sanity">, host: CliHost): Promise<number> => {
  const { endpoint, timeoutMs, only, skip, parameters, directory, volumeBytes, fsType, accessMode, secretsFile, isJson } = command;
  const report = await runSanity({
    endpoint,
    timeoutMs,
    skip,
    parameters,
    signal: host.signal,
    ...(only.length === 0 ? {} : { only }),
    ...(directory === undefined ? {} : { directory }),
    ...(volumeBytes === undefined ? {} : { volumeBytes }),
    ...(fsType === undefined ? {} : { fsType }),
    ...(accessMode === undefined ? {} : { accessMode }),
    ...(secretsFile === undefined ? {} : { secrets: await readSecrets(secretsFile) }),
    ...(isJson ? {} : { onResult: (result) => line(host, describeResult(result)) }),
  });
  const { driver, passed, failed, skipped } = report;
  if (isJson) line(host, toJson(report));
  else
    line(host, `\n${driver.name} ${driver.vendorVersion}: ${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
  return failed === 0 ? 0 : 1;
};

const runCommand = (command: CliCommand, host: CliHost): Promise<number> | number => {
  switch (command.verb) {
    case "help":
      host.write(HELP);
      return 0;
    case "list-checks":
      if (command.isJson) line(host, toJson(SANITY_CHECKS.map(({ id, title }) => ({ id, title }))));
      else for (const { id, title } of SANITY_CHECKS) line(host, `${id}: ${title}`);
      return 0;
    case "info":
      return showInfo(command, host);
    case "probe":
      return showProbe(command, host);
    case "capabilities":
      return showCapabilities(command, host);
    case "sanity":
      return runSuite(command, host);
  }
};

/** Runs the program; the exit code: 0 well, 1 failed, 2 usage. Never throws. */
export const runCli = async (argv: readonly string[], host: CliHost): Promise<number> => {
  try {
    return await runCommand(readArguments(argv), host);
  } catch (error) {
    const isUsage = error instanceof UsageError || isCsiError(error, "invalid-option");
    host.writeError(`csi-client: ${error instanceof Error ? error.message : String(error)}\n`);
    if (isUsage) host.writeError("try csi-client --help\n");
    return isUsage ? 2 : 1;
  }
};
