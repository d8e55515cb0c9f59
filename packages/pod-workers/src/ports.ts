import type { AdmitResult, Pod, PodRef, PodUid, ResourceChanges, RuntimePod } from "@nk/pod-model";
import type { AllocationStore } from "./allocation/checkpoint.ts";
import type { PodWork } from "./pod-work.ts";

/** `later`: there is no room, but there will be when pods that are being stopped have ended. */
export type AdmissionAnswer = AdmitResult | { readonly admit: "later" };

export interface AdmissionContext {
  /** Of the active pods, those that are being stopped. */
  readonly leaving: ReadonlySet<PodUid>;
  /** The pod with what it was given; present when it runs and asks for other resources (`resize`). `later` is no answer then. */
  readonly allocated?: Pod;
}

/** Decides whether a pod may run here, or may be resized. Asked for one pod at a time, in order of arrival. */
export interface PodAdmission {
  /**
   * `activePods` are the pods that hold resources: admitted and not yet stopped, with what they were given, the asked one excluded. A throw
   * is a rejection with reason `UnexpectedAdmissionError`. It may call and await `kill` of other pods (preemption). A pod that is told
   * `later` is asked for again when one has ended. A resize that is refused is told as `Infeasible` if that is the reason, else as `Deferred`.
   */
  admit(pod: Pod, activePods: readonly Pod[], context: AdmissionContext): AdmissionAnswer | Promise<AdmissionAnswer>;
}

/** Where pod statuses go. */
export interface PodStatusPort {
  /** Computes and queues the status for what is now observed. `terminal`: the pod has ended for good and has to be stopped. */
  publish(pod: Pod, work: PodWork): { readonly terminal: boolean } | Promise<{ readonly terminal: boolean }>;
  /** Publishes the rejection and records its event; nothing of the pod was started. */
  rejected(pod: Pod, result: AdmitResult & { readonly admit: false }): void;
  /**
   * Nothing of the pod is left on the node: if it has a deletionTimestamp it can be deleted from the API. Called again for each newer
   * version of the object, as the deletion may be asked for later. Not retried.
   */
  finished(pod: Pod): void;
  /** The source shows another status than before. True asks for a pass, e.g. for a readiness gate. Absent: never. */
  reconcile?(pod: Pod): boolean;
}

/**
 * What a worker lets be done to the runtime. For one UID at most one call is under way, whichever; calls for different UIDs run at the
 * same time. Each must end soon after its signal aborts, and must be safe to repeat.
 */
export interface PodRuntimePort {
  /** One pass towards the desired state. A rejection is a failed pass that knows no better time than the back-off for the next one. */
  sync(pod: Pod, options: SyncOptions): Promise<SyncAnswer>;
  /** Stops containers, then sandboxes; resolves when nothing runs. Aborted and called again with a shorter grace period. */
  terminate(pod: Pod, options: TerminateOptions): Promise<void>;
  /** Frees what the stopped pod held: volumes, cgroup, directories. */
  cleanUp(pod: Pod, options: CleanUpOptions): Promise<void>;
  /** `terminate` for a pod of which only the runtime's record is known. */
  terminateOrphan(pod: RuntimePod, options: { readonly gracePeriodSeconds: number; readonly signal: AbortSignal }): Promise<void>;
  /** `cleanUp` for such a pod. */
  cleanUpOrphan(pod: RuntimePod, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Whether anything of the pod runs, from memory; undefined when it was not observed yet. */
  hasRunning(uid: PodUid): boolean | undefined;
}

export interface SyncOptions {
  readonly signal: AbortSignal;
  /**
   * Resolves when the containers of the pod may start; absent when they may now. Until then another static pod of its full name still has
   * running ones. What comes before (sandbox, images, volumes) need not wait.
   */
  readonly mayStart?: Promise<void>;
  /** The pod was given other resources than its running containers have. */
  readonly resize?: ResizeOrder;
}

/** What is to be brought to containers that run, and to the pod's cgroup. */
export interface ResizeOrder {
  /** Containers that were made for this order, or since then (epoch ms), have what they were given. */
  readonly acceptedAtMs: number;
  readonly changes: ResourceChanges;
}

/** How an order stands at the end of a pass. */
export interface ResizeReport {
  /** The order's. */
  readonly acceptedAtMs: number;
  /** Why it could not be carried out; absent when it is done. It is given again with the next pass. */
  readonly error?: string;
}

export interface SyncAnswer {
  /** When to come back at the latest, epoch ms, e.g. the end of a back-off. Kept exactly. */
  readonly retryAtMs?: number;
  /** What failed, if the pass did not come to its end; shown in `workState`. */
  readonly error?: unknown;
  /** Absent while a resize was not asked for or goes on. */
  readonly resize?: ResizeReport;
}

export interface CleanUpOptions {
  readonly signal: AbortSignal;
  /** True when its source no longer has the pod; absent while it has. */
  readonly isRemoved?: true;
}

export interface TerminateOptions {
  readonly gracePeriodSeconds: number;
  /** What the pod was killed for, e.g. `Evicted`; absent when its source asked for it. */
  readonly reason?: string;
  readonly signal: AbortSignal;
  /**
   * To be called when every container has ended, and awaited before the sandbox is stopped: a successor starts its containers then, and the
   * runtime should be busy with those. It takes no longer than `headStartMs`, never rejects, and may be called again.
   */
  readonly onContainersStopped?: () => Promise<void>;
}

/** Kubernetes events; fire and forget. */
export interface EventPort {
  record(event: { readonly ref: PodRef; readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }): void;
}

export interface PodWorkersPorts {
  readonly admission: PodAdmission;
  readonly status: PodStatusPort;
  readonly runtime: PodRuntimePort;
  readonly events?: EventPort;
  /** Where what resized pods were given outlives the kubelet. Absent: it is taken from their statuses. */
  readonly allocations?: AllocationStore;
}
