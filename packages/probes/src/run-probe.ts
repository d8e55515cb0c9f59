import type { Clock } from "@nk/stdx";
import { systemClock } from "@nk/stdx";
import { probeExec } from "./exec-probe.ts";
import { probeHttp } from "./http-probe.ts";
import { truncateOutput } from "./outcome.ts";
import type { ProbeOutcome, ProbeVerdict } from "./outcome.ts";
import type { ExecPort } from "./ports.ts";
import type { ProbeSpec } from "./spec.ts";
import { probeTcp } from "./tcp-probe.ts";
import { startTimeLimit } from "./time-limit.ts";

/** What is probed. */
export interface ProbeTarget {
  /** Where grpc actions go, and http and tcp actions without a host: an address or a name. */
  readonly host: string;
  /** Where exec actions run. */
  readonly containerId?: string;
}

export interface RunProbeOptions {
  readonly signal?: AbortSignal;
  /** Needed by exec actions. */
  readonly exec?: ExecPort;
  /** Default `kube-probe/1.36`, which servers know. */
  readonly userAgent?: string;
  /** How much longer than the time limit an exec may take, because the runtime keeps that limit itself. Default 2000. */
  readonly execGraceMs?: number;
  readonly clock?: Clock;
}

const shoot = async (
  { action, timeoutMs }: ProbeSpec,
  target: ProbeTarget,
  options: RunProbeOptions & { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<ProbeVerdict> => {
  const { signal, clock, exec, userAgent = "kube-probe/1.36" } = options;
  switch (action.type) {
    case "exec": {
      if (exec === undefined) return { verdict: "error", output: "run exec probe: there is no exec port" };
      return probeExec(exec, { containerId: target.containerId ?? "", command: action.command, timeoutMs }, signal);
    }
    case "httpGet": {
      const { scheme, port, host = target.host, path = "/", headers = [] } = action;
      return probeHttp({ scheme, host, port, path, headers, userAgent }, signal);
    }
    case "tcpSocket":
      return probeTcp({ host: action.host ?? target.host, port: action.port }, signal);
    case "grpc": {
      // Loaded by the first who needs it: most nodes have no gRPC probe.
      const { probeGrpc } = await import("./grpc-probe.ts");
      const { port, service = "" } = action;
      return probeGrpc({ host: target.host, port, service, userAgent, timeoutMs }, signal, clock);
    }
  }
};

/** What Node refuses to try, such as a name with a NUL in it, could not be carried out. */
const shootSafely = async (...args: Parameters<typeof shoot>): Promise<ProbeVerdict> => {
  try {
    return await shoot(...args);
  } catch (error) {
    return { verdict: "error", output: error instanceof Error ? error.message : String(error) };
  }
};

/**
 * One shot. Resolves with what it found, also when it could not be carried out (`error`); rejects only with the signal's reason. Works
 * outside of Kubernetes too: wait for a server in a script, watch a child process.
 */
export const runProbe = async (spec: ProbeSpec, target: ProbeTarget, options: RunProbeOptions = {}): Promise<ProbeOutcome> => {
  const { signal, clock = systemClock, execGraceMs = 2000 } = options;
  signal?.throwIfAborted();
  const limitMs = spec.action.type === "exec" ? spec.timeoutMs + execGraceMs : spec.timeoutMs;
  const startedAtMs = clock.monotonicMs();
  using limit = startTimeLimit({ limitMs, clock, signal });
  const found = await shootSafely(spec, target, { ...options, clock, signal: limit.signal });
  signal?.throwIfAborted();
  const durationMs = clock.monotonicMs() - startedAtMs;
  // In one place for all: a header or a name that a peer chose may be as long as it likes.
  return { ...found, output: truncateOutput(found.output), durationMs, ...(limit.signal.aborted && { lateByMs: limit.lateMs() }) };
};
