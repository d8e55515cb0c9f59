import { NODE_EVENTS } from "../node-events.ts";
import { findCondition, withCondition } from "./conditions.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** One half of a pressure condition. */
export interface PressureWords {
  readonly reason: string;
  readonly message: string;
  readonly eventReason: string;
}

/** What a pressure condition is made of. */
export interface PressureDefinition {
  readonly type: string;
  readonly signal: "memory" | "disk" | "pid";
  readonly under: PressureWords;
  readonly free: PressureWords;
}

/** A setter of a pressure condition. Reason, message and transition time change with the status only; a new condition is a transition. */
export const pressureSetter =
  ({ type, signal, under, free }: PressureDefinition): Setter =>
  ({ facts, settings, node, now }): SetterOutput => {
    const isUnder = facts.pressure[signal];
    const status = isUnder ? "True" : "False";
    const before = findCondition(node, type);
    if (before?.status === status) return { status: { conditions: withCondition(node, { ...before, lastHeartbeatTime: now }) } };
    const { reason, message, eventReason } = isUnder ? under : free;
    const condition = { type, status, lastHeartbeatTime: now, lastTransitionTime: now, reason, message };
    return {
      status: { conditions: withCondition(node, condition) },
      events: [{ topic: type, event: NODE_EVENTS.statusIsNow(settings.nodeName, eventReason) }],
    };
  };
