import { computeBackoffMs } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { CsiCalls } from "./calls.ts";
import { checkEndpoint } from "./endpoint.ts";
import { CsiError, isCsiError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { computeSupports } from "./supports.ts";
import type { CsiSupports } from "./supports.ts";

/** Who the driver is and what it can do, as it said when it was asked last. */
export interface CsiDriverFacts {
  /** The driver's name, a domain name. */
  readonly name: string;
  readonly vendorVersion: string;
  readonly manifest: { readonly [key: string]: string };
  readonly supports: CsiSupports;
}

/** How the opening goes. */
export interface OpenInput {
  /** Calls without any check of capabilities. */
  readonly calls: CsiCalls;
  readonly path: string;
  readonly clock: Clock;
  /** Of all of it together. */
  readonly timeoutMs: number;
  /** When that is over, on the monotonic clock. */
  readonly endMs: number;
  readonly signal: AbortSignal | undefined;
}

const unlessUnimplemented = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (isCsiError(error, "unimplemented")) return undefined;
    throw error;
  }
};

/** Waits between two probes. */
const PROBE_INITIAL_MS = 50;
const PROBE_MAX_MS = 1_000;

/** Why the driver is not ready yet, or undefined when it is. When time is up in the middle of a probe, the reason of before stands. */
const probeOnce = async (input: OpenInput, leftMs: number, before: string | undefined): Promise<string | undefined> => {
  try {
    const { ready } = await input.calls.probe({}, { timeoutMs: leftMs, ...(input.signal === undefined ? {} : { signal: input.signal }) });
    return ready === false ? "it says that it is not ready" : undefined;
  } catch (error) {
    // FAILED_PRECONDITION is the specification's word for a driver that is not healthy yet.
    if (before !== undefined && isCsiError(error, "deadline-exceeded")) return before;
    if (isCsiError(error) && (error.retryable || error.code === "failed-precondition")) return error.message;
    throw error;
  }
};

const msLeft = ({ clock, endMs }: OpenInput): number => Math.max(1, endMs - clock.monotonicMs());

/** Probes until the driver is ready. Throws `not-ready` when time is up, `invalid-endpoint` when no driver can be there. */
export const awaitReady = async (input: OpenInput): Promise<void> => {
  const { clock, timeoutMs, endMs, path, signal } = input;
  let reason: string | undefined;
  for (let attempt = 0; ; attempt += 1) {
    await checkEndpoint(path);
    reason = await probeOnce(input, msLeft(input), reason);
    if (reason === undefined) return;
    const waitMs = computeBackoffMs({ attempt, initialMs: PROBE_INITIAL_MS, maxMs: PROBE_MAX_MS });
    if (clock.monotonicMs() + waitMs >= endMs) {
      const message = `the driver at ${path} was not ready within ${String(timeoutMs)} ms: ${reason}`;
      throw new CsiError({ code: "not-ready", message, details: { endpoint: path } });
    }
    await clock.sleep(waitMs, { signal });
  }
};

/** Asks the driver who it is and what it can do: two calls, then those for the services it has, side by side. */
export const readDriverFacts = async (input: OpenInput): Promise<CsiDriverFacts> => {
  const { calls, signal } = input;
  const optionsNow = (): CallOptions => ({ timeoutMs: msLeft(input), ...(signal === undefined ? {} : { signal }) });
  const [info, plugin] = await Promise.all([calls.getPluginInfo({}, optionsNow()), calls.getPluginCapabilities({}, optionsNow())]);
  const served = computeSupports({ plugin: plugin.capabilities, controller: undefined, group: undefined, node: undefined });
  const options = optionsNow();
  const [controller, group, node] = await Promise.all([
    served.controller ? calls.controllerGetCapabilities({}, options) : undefined,
    served.groupController ? calls.groupControllerGetCapabilities({}, options) : undefined,
    unlessUnimplemented(calls.nodeGetCapabilities({}, options)),
  ]);
  return {
    name: info.name,
    vendorVersion: info.vendorVersion,
    manifest: info.manifest,
    supports: computeSupports({
      plugin: plugin.capabilities,
      controller: controller?.capabilities,
      group: group?.capabilities,
      node: node?.capabilities,
    }),
  };
};
