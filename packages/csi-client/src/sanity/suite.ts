import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { createUncheckedCsiCalls, openCsiClient } from "../client.ts";
import type { CsiClient, UncheckedCsiCalls } from "../client.ts";
import { CsiError } from "../errors.ts";
import type { AccessModeName } from "../volume-capability.ts";
import { SanityFailure, SanitySkip } from "./check.ts";
import type { SanityCheck, SanityWorld } from "./check.ts";
import { CONTROLLER_CHECKS } from "./controller-checks.ts";
import { IDENTITY_CHECKS } from "./identity.ts";
import { NODE_CHECKS } from "./node-checks.ts";
import { SNAPSHOT_CHECKS } from "./snapshot-checks.ts";
import { USE_CHECKS } from "./use-checks.ts";
import { VOLUME_CHECKS } from "./volume-checks.ts";
import { createSanityVolumes } from "./volumes-under-test.ts";
import type { SanitySecrets } from "./volumes-under-test.ts";
import { WRONG_ARGUMENT_CHECKS } from "./wrong-arguments.ts";

/** Every check, in the order in which they run. */
export const SANITY_CHECKS: readonly SanityCheck[] = [
  ...IDENTITY_CHECKS,
  ...WRONG_ARGUMENT_CHECKS,
  ...VOLUME_CHECKS,
  ...CONTROLLER_CHECKS,
  ...SNAPSHOT_CHECKS,
  ...NODE_CHECKS,
  ...USE_CHECKS,
];

/** What {@link runSanity} takes. */
export interface SanityOptions {
  /** `unix:///path` or `/path` of a driver on this machine. */
  readonly endpoint: string;
  /** Where staging and target paths are made; default a new directory below the system's temporary one, removed in the end. */
  readonly directory?: string;
  /** Only checks whose id contains one of these. */
  readonly only?: readonly string[];
  /** No checks whose id contains one of these. */
  readonly skip?: readonly string[];
  /** Size of the volumes that are made, in bytes, default 16 MiB. */
  readonly volumeBytes?: bigint;
  /** Default: the driver's choice. */
  readonly fsType?: string;
  /** Default `SINGLE_NODE_WRITER`. */
  readonly accessMode?: AccessModeName;
  /** Parameters of the volumes that are made. */
  readonly parameters?: { readonly [key: string]: string };
  readonly secrets?: SanitySecrets;
  /** Deadline of one call in milliseconds, default 30000. */
  readonly timeoutMs?: number;
  /** Called when a check has ended. */
  readonly onResult?: (result: SanityResult) => void;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** How a check ended. */
export interface SanityResult {
  readonly id: string;
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly detail?: string;
  readonly durationMs: number;
}

/** How all of them ended. */
export interface SanityReport {
  readonly driver: { readonly name: string; readonly vendorVersion: string };
  readonly results: readonly SanityResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Session {
  readonly options: SanityOptions;
  readonly clock: Clock;
  readonly client: CsiClient;
  readonly once: UncheckedCsiCalls;
  readonly node: SanityWorld["node"];
  readonly directory: string;
  /** Makes names of this run unlike those of any other. */
  readonly tag: string;
  names: number;
}

const createWorld = (session: Session): SanityWorld => {
  const { options, client, once, node, directory, tag } = session;
  const newName = (what: string): string => {
    session.names += 1;
    return `sanity-${tag}-${what}-${String(session.names)}`;
  };
  return {
    calls: once,
    driver: client.driver,
    node,
    unknownId: `sanity-${tag}-unknown`,
    newName,
    volumes: createSanityVolumes({
      calls: client,
      supports: client.supports,
      nodeId: node?.nodeId ?? "",
      directory,
      volumeBytes: options.volumeBytes ?? 16n * 1024n * 1024n,
      fsType: options.fsType ?? "",
      accessMode: options.accessMode ?? "SINGLE_NODE_WRITER",
      parameters: options.parameters ?? {},
      secrets: options.secrets ?? {},
      newName,
    }),
  };
};

const isSelected = ({ id }: SanityCheck, { only, skip = [] }: SanityOptions): boolean =>
  (only === undefined || only.some((part) => id.includes(part))) && !skip.some((part) => id.includes(part));

const failureText = (error: unknown): string => {
  if (error instanceof SanityFailure) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
};

/** Runs one check and undoes what it made; a failure to undo fails it. */
const runCheck = async (session: Session, check: SanityCheck): Promise<Pick<SanityResult, "status" | "detail">> => {
  const missing = check.needs.filter((support) => !session.client.supports[support]);
  if (missing.length > 0) return { status: "skipped", detail: `the driver does not support ${missing.join(", ")}` };
  const world = createWorld(session);
  const details: string[] = [];
  let skipped: string | undefined;
  try {
    await check.run(world);
  } catch (error) {
    if (error instanceof SanitySkip) skipped = error.message;
    else details.push(failureText(error));
  }
  await world.volumes.clear().catch((error: unknown) => details.push(failureText(error)));
  if (details.length > 0) return { status: "failed", detail: details.join("; ") };
  return skipped === undefined ? { status: "passed" } : { status: "skipped", detail: skipped };
};

const runChecks = async (session: Session, checks: readonly SanityCheck[]): Promise<readonly SanityResult[]> => {
  const { clock, options } = session;
  const results: SanityResult[] = [];
  for (const check of checks) {
    options.signal?.throwIfAborted();
    const startMs = clock.monotonicMs();
    const outcome = await runCheck(session, check);
    const result = { id: check.id, title: check.title, ...outcome, durationMs: clock.monotonicMs() - startMs };
    results.push(result);
    options.onResult?.(result);
  }
  return results;
};

/**
 * Runs the suite on a driver of this machine, one check after another. What the checks make is named `sanity-...` and undone after each;
 * volumes of others are not touched. Rejects only when the driver cannot be opened; what it does wrong is in the report.
 */
export const runSanity = async (options: SanityOptions): Promise<SanityReport> => {
  const { endpoint, timeoutMs = 30_000, clock = systemClock, signal } = options;
  const checks = SANITY_CHECKS.filter((check) => isSelected(check, options));
  if (checks.length === 0) throw new CsiError({ code: "invalid-option", message: "no check has such an id" });
  await using client = await openCsiClient({ endpoint, timeoutMs, clock, ...(signal === undefined ? {} : { signal }) });
  await using once = createUncheckedCsiCalls({ endpoint, timeoutMs, clock, retry: { maxAttempts: 1 } });
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), "csi-sanity-"));
  try {
    const node = client.supports.node ? await client.nodeGetInfo() : undefined;
    const session: Session = { options, clock, client, once, node, directory, tag: randomBytes(4).toString("hex"), names: 0 };
    const results = await runChecks(session, checks);
    const count = (status: SanityResult["status"]): number => results.filter((result) => result.status === status).length;
    const { name, vendorVersion } = client.driver;
    return { driver: { name, vendorVersion }, results, passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
  } finally {
    // Empty unless something could not be undone; then it stays for its owner to look at.
    await rmdir(directory).catch(() => undefined);
  }
};
