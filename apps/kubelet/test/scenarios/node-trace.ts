import type { CriClient } from "@nk/cri-client";
import type { PodSpec } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { MadeCall, RecordingProxy } from "@nk/tool-recordings";
import { hookOf, withoutRepeats } from "./words.ts";

/** What happened to the pods of a node, in the words of the scenarios. */
export interface NodeTrace {
  /** What happened to a pod so far, in order. */
  linesOf(uid: string, spec: PodSpec): readonly string[];
  close(): void;
}

interface Exit {
  readonly code: number;
  /** Epoch ms with fractions. */
  readonly atMs: number;
}

interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** The fields of the runtime's messages that matter here. */
interface CallFields {
  readonly podSandboxId?: string;
  readonly containerId?: string;
  readonly timeout?: bigint;
  readonly cmd?: readonly string[];
  readonly config?: { readonly metadata?: { readonly name?: string; readonly uid?: string; readonly attempt?: number } };
}

const NANOS_PER_MS = 1e6;
const CONTAINER_CALLS: ReadonlySet<string> = new Set(["StartContainer", "StopContainer", "ExecSync"]);

/** Keeps how each container ended, as the runtime tells at the moment. */
const watchExits = (cri: CriClient, signal: AbortSignal): ReadonlyMap<string, Exit> => {
  const exits = new Map<string, Exit>();
  const run = async (): Promise<void> => {
    for await (const notice of cri.containerEvents({ signal })) {
      if (notice.type !== "event") continue;
      for (const { id, exitCode, finishedAt } of notice.event.containersStatuses)
        if (finishedAt > 0n) exits.set(id, { code: exitCode, atMs: Number(finishedAt) / NANOS_PER_MS });
    }
  };
  // It ends with the signal.
  run().catch(() => undefined);
  return exits;
};

const textOf = (call: MadeCall, name: string, spec: PodSpec): string | undefined => {
  const { config, timeout, cmd }: CallFields = call.request;
  switch (call.method) {
    case "RunPodSandbox":
      return `sandbox starts${(config?.metadata?.attempt ?? 0) === 0 ? "" : `, attempt ${config?.metadata?.attempt}`}`;
    case "StopPodSandbox":
      return "sandbox is stopped";
    case "StartContainer":
      return `${name} starts`;
    case "StopContainer":
      return `${name} is told to stop within ${timeout} s`;
    case "ExecSync": {
      const hook = hookOf(spec, name, cmd ?? []);
      return hook === "postStart" || hook === "preStop" ? `${name} runs ${hook}` : undefined;
    }
    default:
      return undefined;
  }
};

/** What is known of one pod of the node. */
interface PodCalls {
  readonly calls: { readonly call: MadeCall; readonly name: string }[];
  readonly containers: Map<string, string>;
}

/** Sorts the calls by pod as they come: many scenarios ask, and often. */
const indexCalls = (made: readonly MadeCall[]): { of(uid: string): PodCalls | undefined } => {
  const pods = new Map<string, PodCalls>();
  const sandboxes: { readonly call: MadeCall; readonly uid: string }[] = [];
  const creates: { readonly call: MadeCall; readonly uid: string; readonly name: string }[] = [];
  const sandboxUids = new Map<string, string>();
  const containers = new Map<string, { readonly uid: string; readonly name: string }>();
  const answerOf = (call: MadeCall): CallFields => call.call?.response ?? {};
  const uidOfSandbox = (id: string): string | undefined => {
    for (const { call, uid } of sandboxUids.has(id) ? [] : sandboxes) sandboxUids.set(answerOf(call).podSandboxId ?? "", uid);
    return sandboxUids.get(id);
  };
  const containerOf = (id: string): { readonly uid: string; readonly name: string } | undefined => {
    for (const { call, uid, name } of containers.has(id) ? [] : creates) {
      const { containerId = "" } = answerOf(call);
      containers.set(containerId, { uid, name });
      pods.get(uid)?.containers.set(containerId, name);
    }
    return containers.get(id);
  };
  const take = (call: MadeCall): void => {
    const { podSandboxId = "", containerId = "", config }: CallFields = call.request;
    if (call.method === "RunPodSandbox") {
      const uid = config?.metadata?.uid ?? "";
      if (!pods.has(uid)) pods.set(uid, { calls: [], containers: new Map() });
      sandboxes.push({ call, uid });
      pods.get(uid)?.calls.push({ call, name: "" });
    } else if (call.method === "CreateContainer") {
      creates.push({ call, uid: uidOfSandbox(podSandboxId) ?? "", name: config?.metadata?.name ?? "" });
    } else if (call.method === "StopPodSandbox") {
      pods.get(uidOfSandbox(podSandboxId) ?? "")?.calls.push({ call, name: "" });
    } else if (CONTAINER_CALLS.has(call.method)) {
      const container = containerOf(containerId);
      if (container !== undefined) pods.get(container.uid)?.calls.push({ call, name: container.name });
    }
  };
  let taken = 0;
  return {
    of: (uid) => {
      for (; taken < made.length; taken += 1) {
        const call = made[taken];
        if (call !== undefined) take(call);
      }
      return pods.get(uid);
    },
  };
};

/** Watches what a kubelet asks of the runtime through the proxy, and what becomes of the containers. */
export const watchNode = (proxy: RecordingProxy, cri: CriClient): NodeTrace => {
  const stop = new AbortController();
  const exits = watchExits(cri, stop.signal);
  const index = indexCalls(proxy.madeCalls);
  const toEpochMs = (monotonicMs: number): number => monotonicMs + systemClock.nowMs() - systemClock.monotonicMs();
  return {
    linesOf: (uid, spec) => {
      const pod = index.of(uid);
      if (pod === undefined) return [];
      const lines = pod.calls.flatMap(({ call, name }): readonly Line[] => {
        const text = textOf(call, name, spec);
        return text === undefined ? [] : [{ atMs: toEpochMs(call.madeAtMs), text }];
      });
      for (const [id, name] of pod.containers) {
        const exit = exits.get(id);
        if (exit !== undefined) lines.push({ atMs: exit.atMs, text: `${name} exits ${exit.code}` });
      }
      return withoutRepeats(lines.toSorted((a, b) => a.atMs - b.atMs).map(({ text }) => text));
    },
    close: () => stop.abort(new Error("the node is not watched any more")),
  };
};
