import type { Lease, Node, ObjectReference } from "@nk/pod-model";
import type { NetworkFacts, NodeFacts } from "./facts.ts";

/** Every call of a port ends when its signal aborts. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** A strategic merge patch of a node. */
export type NodePatch = { readonly [field: string]: unknown };

/**
 * The node's own object in the API. Rejections are sorted by `classifyError`. Put it on a connection of its own: the heartbeat must not wait
 * behind other traffic. Each call resolves with the object as the server has it now.
 */
export interface NodeApiPort {
  get(name: string, options: CallOptions): Promise<Node>;
  create(node: Node, options: CallOptions): Promise<Node>;
  /** `application/strategic-merge-patch+json` on the subresource `status`, which takes metadata as well. */
  patchStatus(name: string, patch: NodePatch, options: CallOptions): Promise<Node>;
}

/** Leases; only that of the node in `kube-node-lease` is touched. `replace` is a PUT that fails on an old resourceVersion. */
export interface LeasePort {
  get(ref: { readonly namespace: string; readonly name: string }, options: CallOptions): Promise<Lease>;
  create(lease: Lease, options: CallOptions): Promise<Lease>;
  replace(lease: Lease, options: CallOptions): Promise<Lease>;
}

/** What the node's status is made of, always at hand. */
export interface FactsPort {
  /**
   * Now, without waiting; `undefined` until the first facts are complete. Nothing is sent before, so hold them back until the runtime has
   * answered (or has failed to) if the first status shall be Ready.
   */
  current(): NodeFacts | undefined;
  /** Calls back after any of them has changed; may call often and without need. Must not call back inside `subscribe`. */
  subscribe(listener: () => void): Disposable;
}

/** Where the node's addresses come from; `createNetworkFacts` is one. */
export interface NetworkPort {
  /** `lookup`: whether DNS has to be asked. Called once per status update, never twice at a time. */
  read(options: CallOptions & { readonly lookup: boolean }): Promise<NetworkFacts>;
}

/** A Kubernetes event about the node. */
export interface NodeEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where events go; fire and forget, must not throw. An event recorder fits. */
export interface EventPort {
  record(event: NodeEvent & { readonly involved: ObjectReference }): void;
}

/** Who wants to hear about the node. All optional; must not throw. */
export interface NodeListenerPort {
  /**
   * The node's pod CIDRs, joined by commas, when they are first seen and when they change: for the runtime's UpdateRuntimeConfig. A rejection
   * is logged and tried again with the next status update.
   */
  onPodCidr?(cidrs: string, options: CallOptions): Promise<void>;
  /** Volumes the server knows to be in use: attachable volumes wait for this before they are mounted. */
  onVolumesReported?(names: readonly string[]): void;
  /** The node exists and is ours; also after it was registered anew. */
  onRegistered?(node: Node): void;
  /** The server was not reached twice in a row: connections that may be dead should be closed. */
  onRepeatedFailure?(): void;
}

/** Everything `createNodeStatus` calls. */
export interface NodeStatusPorts {
  readonly node: NodeApiPort;
  readonly lease: LeasePort;
  readonly facts: FactsPort;
  readonly network: NetworkPort;
  readonly events: EventPort;
  readonly listener?: NodeListenerPort | undefined;
}
