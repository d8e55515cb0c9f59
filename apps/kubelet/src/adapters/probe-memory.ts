import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isStaticPod, podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import type { ProbeResultChange, ProbeResults, RememberedVerdicts, VerdictMemoryPort } from "@nk/probes";
import { joinWithin, writeFileAtomic } from "@nk/stdx";
import type { Logger } from "@nk/stdx";

/** What the probes said, for the kubelet after this one. */
export interface ProbeMemory extends VerdictMemoryPort {
  /** Keeps what a static pod's startup or readiness probe says from now on; the API keeps what those of other pods say, in their status. */
  remember(pod: Pod, change: ProbeResultChange, results: ProbeResults): void;
  /** The pod is gone, and its directory with it. */
  forget(uid: PodUid): void;
  /** Resolves when everything is written. */
  settled(): Promise<void>;
}

/** By container name; a container that was restarted takes its predecessor's place. */
type PodVerdicts = Map<string, RememberedVerdicts & { readonly containerId: string }>;

const FILE = "probe-verdicts.json";
const MAX_FILE_BYTES = 1024 * 1024;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } => typeof value === "object" && value !== null;

/** Leaves out whatever is not as it was written. */
const decode = (text: string): PodVerdicts => {
  const read: unknown = JSON.parse(text);
  const verdicts: PodVerdicts = new Map();
  for (const [name, entry] of Object.entries(isRecord(read) ? read : {})) {
    if (!isRecord(entry) || typeof entry["containerId"] !== "string") continue;
    verdicts.set(name, { containerId: entry["containerId"], started: entry["started"] === true, ready: entry["ready"] === true });
  }
  return verdicts;
};

const recallStatus = ({ status }: Pod, containerId: string): RememberedVerdicts | undefined => {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const found = all.find((one) => one.containerID?.endsWith(`//${containerId}`));
  return found && { started: found.started === true, ready: found.ready };
};

/** Reads and writes one small file in the directory of each static pod that has probes; of other pods it reads the status. */
export const createProbeMemory = ({ rootDir, logger }: { readonly rootDir: string; readonly logger: Logger }): ProbeMemory => {
  const known = new Map<PodUid, PodVerdicts>();
  const writing = new Map<PodUid, Promise<void>>();
  const dirty = new Set<PodUid>();
  const pathOf = (uid: PodUid): string => join(joinWithin(rootDir, "pods", uid), FILE);

  const read = (uid: PodUid): PodVerdicts => {
    try {
      const path = pathOf(uid);
      return statSync(path).size > MAX_FILE_BYTES ? new Map() : decode(readFileSync(path, "utf8"));
    } catch (error) {
      if (!isMissing(error))
        logger.warn("verdicts of probes cannot be read; the pod's containers begin as new ones", { podUid: uid, error });
      return new Map();
    }
  };
  const verdictsOf = (uid: PodUid): PodVerdicts => {
    const verdicts = known.get(uid) ?? read(uid);
    known.set(uid, verdicts);
    return verdicts;
  };
  const write = async (uid: PodUid): Promise<void> => {
    while (dirty.delete(uid)) {
      try {
        // A machine that goes down takes the containers with it: nothing need be on the disk before.
        await writeFileAtomic(pathOf(uid), JSON.stringify(Object.fromEntries(known.get(uid) ?? [])), { mode: 0o600, fsync: false });
      } catch (error) {
        if (!isMissing(error)) logger.warn("verdicts of probes cannot be kept", { podUid: uid, error });
      }
    }
    writing.delete(uid);
  };

  return {
    recall: (pod, { name, containerId }) => {
      if (!isStaticPod(pod)) return recallStatus(pod, containerId);
      const found = verdictsOf(podRef(pod).uid).get(name);
      return found?.containerId === containerId ? found : undefined;
    },
    remember: (pod, { uid, containerName, containerId, probeType }, results) => {
      if (probeType === "liveness" || !isStaticPod(pod)) return;
      const started = (results.get(containerId, "startup") ?? "success") === "success";
      const ready = (results.get(containerId, "readiness") ?? "success") === "success";
      const verdicts = verdictsOf(uid);
      const before = verdicts.get(containerName);
      if (before?.containerId === containerId && before.started === started && before.ready === ready) return;
      verdicts.set(containerName, { containerId, started, ready });
      dirty.add(uid);
      if (!writing.has(uid)) writing.set(uid, write(uid));
    },
    forget: (uid) => {
      known.delete(uid);
      dirty.delete(uid);
    },
    settled: async () => {
      await Promise.all(writing.values());
    },
  };
};
