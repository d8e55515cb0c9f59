import type { CriClient } from "@nk/cri-client";
import { isCriError } from "@nk/cri-client";
import { isHostNetwork } from "@nk/pod-model";
import type { Container, Pod, RuntimePodStatus } from "@nk/pod-model";
import type { ProbeVerdict } from "@nk/pod-status";
import type { ProbePort } from "@nk/pod-sync";
import type { ExecPort, Probes } from "@nk/probes";
import { rpcErrorText } from "./rpc-error.ts";

const NANOS_PER_MS = 1_000_000n;

/** Exec probes through the runtime. Its time limit is in whole seconds, so it is rounded up. */
export const execThroughRuntime = (cri: CriClient): ExecPort => ({
  exec: async ({ containerId, command, timeoutMs }, { signal }) => {
    try {
      const { exitCode, stdout, stderr } = await cri.execSync(
        { containerId, cmd: [...command], timeout: BigInt(Math.max(1, Math.ceil(timeoutMs / 1000))) },
        { signal },
      );
      return { type: "exited", exitCode, output: Buffer.concat([stdout, stderr]).toString("utf8") };
    } catch (error) {
      if (!isCriError(error)) throw error;
      if (error.code === "deadline-exceeded") return { type: "timed-out" };
      throw new Error(rpcErrorText(error) ?? error.message, { cause: error });
    }
  },
});

/** What the probes say, as pod-sync asks for it. */
export const probesForPodSync = (probes: Probes): ProbePort => {
  const verdict = (containerId: string, probeType: "liveness" | "startup"): "success" | "failure" | undefined => {
    const result = probes.results.get(containerId, probeType);
    return result === "unknown" ? undefined : result;
  };
  return {
    results: (containerId) => {
      const liveness = verdict(containerId, "liveness");
      const startup = verdict(containerId, "startup");
      return { ...(liveness === undefined ? {} : { liveness }), ...(startup === undefined ? {} : { startup }) };
    },
    podStopping: ({ uid }) => probes.stopLivenessAndStartup(uid),
    podStopped: ({ uid }) => probes.removePod(uid),
  };
};

const containersOf = (pod: Pod): readonly Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];

/** Tells the probes which containers of a pod run. */
export const applyProbes = (
  probes: Probes,
  pod: Pod,
  facts: { readonly observed: RuntimePodStatus | undefined; readonly hostIp: string },
): void => {
  const running = (facts.observed?.containers ?? [])
    .filter(({ state }) => state === "running")
    .map(({ name, id, startedAtNanos }) => ({ name, containerId: id, startedAtMs: Number(startedAtNanos / NANOS_PER_MS) }));
  const [podIp] = facts.observed?.ips ?? [];
  probes.applyPod(pod, running, isHostNetwork(pod) ? facts.hostIp : (podIp ?? ""));
};

/** What the probes say of each running container, as the status wants it. */
export const probeVerdicts = (probes: Probes, pod: Pod, observed: RuntimePodStatus | undefined): ReadonlyMap<string, ProbeVerdict> => {
  const specs = new Map(containersOf(pod).map((container) => [container.name, container]));
  return new Map(
    (observed?.containers ?? []).map(({ id, name }) => {
      const readiness = probes.results.get(id, "readiness");
      return [
        id,
        {
          ...(specs.get(name)?.startupProbe === undefined ? {} : { started: probes.results.get(id, "startup") === "success" }),
          ...(readiness === undefined ? {} : { ready: readiness === "success" }),
        },
      ];
    }),
  );
};
