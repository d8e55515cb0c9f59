import type { Node, NodeStatus, Timestamp } from "@nk/pod-model";
import type { NetworkFacts, NodeFacts } from "../facts.ts";
import type { NodeEvent } from "../ports.ts";
import type { ResolvedSettings } from "../settings.ts";

/** What a setter looks at. Nothing of it is changed. */
export interface SetterInput {
  readonly facts: NodeFacts;
  readonly network: NetworkFacts | undefined;
  readonly settings: ResolvedSettings;
  /** The node as it was, with what the setters before have done. */
  readonly node: Node;
  /** Whole seconds, as conditions show it. */
  readonly now: Timestamp;
  readonly nowMs: number;
  /** After so long without a healthy runtime it is called down. */
  readonly runtimeDownAfterMs: number;
  /** Whether pods were last known to be allowed on the node. */
  readonly wasUnschedulable: boolean;
}

/** An event, and what it is about: it is told once until that changes again. */
export interface TopicalEvent {
  readonly topic: string;
  readonly event: NodeEvent;
}

/** What a setter has to say. */
export interface SetterOutput {
  /** The parts of the status it owns; the others stay. */
  readonly status?: Partial<NodeStatus>;
  /** Annotations it owns; `undefined` removes one. */
  readonly annotations?: { readonly [key: string]: string | undefined };
  readonly events?: readonly TopicalEvent[];
  /** Why it could not do its part, which then stays as it was. */
  readonly problem?: string;
}

/** Pure: facts, the node as it was and the time in; its part of the node out. */
export type Setter = (input: SetterInput) => SetterOutput;
