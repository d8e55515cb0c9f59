import { ADMITTED, podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { PodWork } from "../pod-work.ts";
import type { Allocation, AllocationStore } from "../allocation/checkpoint.ts";
import type { PodResize } from "../allocation/pod-resize.ts";
import type { PodWorkersPorts, ResizeReport, SyncAnswer } from "../ports.ts";

export type FakeOperation = "sync" | "terminate" | "cleanUp" | "terminateOrphan" | "cleanUpOrphan";

export interface FakePortsOptions {
  /** What an earlier kubelet kept; it is written to with a line per pod in `calls`. Default: nothing is kept. */
  readonly allocations?: ReadonlyMap<PodUid, Allocation>;
  /** True: runtime calls wait for `finish`. Default false: they succeed at once. */
  readonly holdsCalls?: boolean;
}

/** Ports in memory: they remember what was asked, and answer as told. */
export interface FakePorts extends PodWorkersPorts {
  /** One line per call, e.g. `terminate a grace=30`. */
  readonly calls: string[];
  /** Pods whose status says that they have ended for good. */
  readonly terminal: Set<PodUid>;
  /** Pods of which something runs. Kept by the runtime calls, and free to change. */
  readonly running: Set<PodUid>;
  /** Pods that admission rejects, with the reason; `later`: while others are being stopped. */
  readonly rejections: Map<PodUid, string>;
  /** Runtime calls under way, e.g. `sync a`. */
  readonly held: readonly string[];
  /** Says that the containers of a pod under `terminate` have ended, before that call ends. */
  containersStopped(uid: PodUid): void;
  /** Ends a held call: with an answer (`answerError`: one that tells of an error), or with a rejection. Throws when there is no such call. */
  finish(
    operation: FakeOperation,
    uid: PodUid,
    outcome?: {
      readonly retryAtMs?: number;
      readonly error?: Error;
      readonly answerError?: Error;
      /** Of a sync: the resize it was asked for is done, or why it is not. */
      readonly resized?: true | string;
    },
  ): void;
}

/** ` 500m`, or nothing for a pod that asks for none. */
const cpuOf = (pod: Pod): string => {
  const cpu = pod.spec?.containers[0]?.resources?.requests?.["cpu"];
  return cpu === undefined ? "" : ` ${cpu}`;
};

const describeResize = ({ pending, inProgress }: PodResize): string =>
  `${pending === undefined ? "" : ` ${pending.reason}`}${inProgress === undefined ? "" : ` resizing${inProgress.error === undefined ? "" : ` (${inProgress.error})`}`}`;

const describeWork = (work: PodWork): string => {
  if (work.state === "syncing") return `${work.state}${describeResize(work.resize ?? {})}`;
  const { cause } = work;
  return `${work.state} ${cause.type}${cause.type === "killed" ? ` ${cause.kill.reason}` : ""}`;
};

const keepIn = (calls: string[], kept: ReadonlyMap<PodUid, Allocation>): AllocationStore => ({
  kept,
  keep: async (allocations) => {
    const pods = [...allocations].map(([uid, { resources, inProgress }]) => {
      const cpu = resources.containers["main"]?.requests?.["cpu"] ?? "";
      return `${uid} ${cpu}${inProgress === undefined ? "" : " in progress"}`;
    });
    calls.push(`keep [${pods.join(", ")}]`);
  },
});

/** Creates ports of a node on which nothing runs. */
export const createFakePorts = (options: FakePortsOptions = {}): FakePorts => {
  const calls: string[] = [];
  const terminal = new Set<PodUid>();
  const running = new Set<PodUid>();
  const rejections = new Map<PodUid, string>();
  const held = new Map<string, PromiseWithResolvers<SyncAnswer>>();

  const orders = new Map<PodUid, number>();
  const onStopped = new Map<PodUid, () => Promise<void>>();

  const call = async (
    operation: FakeOperation,
    uid: PodUid,
    { detail = "", signal }: { readonly detail?: string; readonly signal: AbortSignal },
  ) => {
    calls.push(`${operation} ${uid}${detail}`);
    if (operation === "sync") running.add(uid);
    if (options.holdsCalls !== true) return {};
    const key = `${operation} ${uid}`;
    if (held.has(key)) throw new Error(`the worker called ${key} twice at once`);
    const holder = Promise.withResolvers<SyncAnswer>();
    held.set(key, holder);
    try {
      return await raceSignal(holder.promise, signal);
    } catch (error) {
      if (signal.aborted) calls.push(`${key} aborted`);
      throw error;
    } finally {
      held.delete(key);
    }
  };
  const callAndStop = async (
    operation: FakeOperation,
    uid: PodUid,
    given: { readonly detail?: string; readonly signal: AbortSignal },
  ): Promise<void> => {
    await call(operation, uid, given);
    running.delete(uid);
  };

  return {
    calls,
    terminal,
    running,
    rejections,
    get held() {
      return [...held.keys()];
    },
    finish(operation, uid, { retryAtMs, error, answerError, resized } = {}) {
      const holder = held.get(`${operation} ${uid}`);
      if (holder === undefined) throw new Error(`no call ${operation} ${uid} is under way`);
      const report = resized === undefined ? {} : { acceptedAtMs: orders.get(uid) ?? 0, ...(resized === true ? {} : { error: resized }) };
      if (error === undefined)
        holder.resolve({
          ...(retryAtMs === undefined ? {} : { retryAtMs }),
          ...(answerError === undefined ? {} : { error: answerError }),
          ...(resized === undefined ? {} : { resize: report as ResizeReport }),
        });
      else holder.reject(error);
    },
    containersStopped(uid) {
      running.delete(uid);
      void onStopped.get(uid)?.();
    },
    admission: {
      admit(pod, activePods, { allocated, leaving }) {
        const { uid } = podRef(pod);
        const active = activePods
          .map((one) => `${podRef(one).uid}${cpuOf(one)}${leaving.has(podRef(one).uid) ? " leaving" : ""}`)
          .join(" ");
        const what = allocated === undefined ? `admit ${uid}` : `resize ${uid} from${cpuOf(allocated)} to${cpuOf(pod)}`;
        calls.push(`${what} active=[${active}]`);
        const reason = rejections.get(uid);
        if (reason === "later") return leaving.size > 0 ? { admit: "later" } : ADMITTED;
        return reason === undefined ? ADMITTED : { admit: false, reason, message: `rejected for ${reason}` };
      },
    },
    status: {
      publish(pod, work) {
        const { uid } = podRef(pod);
        calls.push(`publish ${uid} ${describeWork(work)}`);
        return { terminal: terminal.has(uid) };
      },
      rejected: (pod, result) => void calls.push(`rejected ${podRef(pod).uid} ${result.reason}`),
      finished: (pod) => void calls.push(`finished ${podRef(pod).uid}`),
    },
    runtime: {
      sync: async (pod, { signal, mayStart, resize }) => {
        const { uid } = podRef(pod);
        if (resize !== undefined) orders.set(uid, resize.acceptedAtMs);
        if (mayStart !== undefined) {
          calls.push(`prepare ${uid}`);
          await raceSignal(mayStart, signal);
        }
        return call("sync", uid, { signal, detail: resize === undefined ? "" : ` resize to${cpuOf(pod)}` });
      },
      terminate: (pod, { gracePeriodSeconds, reason, signal, onContainersStopped }) => {
        const { uid } = podRef(pod);
        if (onContainersStopped !== undefined) onStopped.set(uid, onContainersStopped);
        const detail = ` grace=${gracePeriodSeconds}${reason === undefined ? "" : ` reason=${reason}`}`;
        return callAndStop("terminate", uid, { detail, signal });
      },
      cleanUp: async (pod, { signal, isRemoved }) =>
        void (await call("cleanUp", podRef(pod).uid, { signal, detail: isRemoved === true ? " removed" : "" })),
      terminateOrphan: (pod, { gracePeriodSeconds, signal }) =>
        callAndStop("terminateOrphan", pod.uid, { detail: ` grace=${gracePeriodSeconds}`, signal }),
      cleanUpOrphan: async (pod, { signal }) => void (await call("cleanUpOrphan", pod.uid, { signal })),
      hasRunning: (uid) => running.has(uid),
    },
    events: { record: ({ ref, reason }) => void calls.push(`event ${ref.uid} ${reason}`) },
    ...(options.allocations === undefined ? {} : { allocations: keepIn(calls, options.allocations) }),
  };
};
