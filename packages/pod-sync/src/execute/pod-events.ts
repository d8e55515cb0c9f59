import { EVENT_REASONS } from "@nk/pod-model";
import type { EventReason, Pod } from "@nk/pod-model";
import { rpcErrorText } from "../errors.ts";
import type { ContainerKind } from "../plan/pod-plan.ts";
import type { PodPass } from "./sync-context.ts";

const FIELDS: { readonly [kind in ContainerKind]: string } = {
  init: "spec.initContainers",
  sidecar: "spec.initContainers",
  app: "spec.containers",
  ephemeral: "spec.ephemeralContainers",
};

/** `spec.containers{main}` and the like: what a container's event points at. */
export const containerFieldPath = (kind: ContainerKind, name: string): string => `${FIELDS[kind]}{${name}}`;

/** The same for a container of which only the name is known; undefined when the pod does not define it. */
export const findFieldPath = (pod: Pod, name: string): string | undefined => {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  if (containers.some((container) => container.name === name)) return containerFieldPath("app", name);
  if (initContainers.some((container) => container.name === name)) return containerFieldPath("init", name);
  if (ephemeralContainers.some((container) => container.name === name)) return containerFieldPath("ephemeral", name);
  return undefined;
};

/** What is said about a pod or one of its containers. */
export interface EventText {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
  readonly fieldPath?: string | undefined;
}

/** Records an event about the pass's pod. */
export const recordEvent = (pass: Pick<PodPass, "ports" | "ref">, event: EventText): void => {
  const { type, reason, message, fieldPath } = event;
  pass.ports.events.record({ ref: pass.ref, type, reason, message, ...(fieldPath !== undefined && { fieldPath }) });
};

/** The event for a sandbox that could not be made. */
export const recordSandboxFailure = (pass: PodPass, error: unknown): void =>
  recordEvent(pass, {
    type: "Warning",
    reason: EVENT_REASONS.FailedCreatePodSandBox,
    message: `Failed to create pod sandbox: ${rpcErrorText(error)}`,
  });

/** The reference's event for whatever keeps a container from starting. */
export const recordContainerFailure = (pass: PodPass, fieldPath: string, message: string): void =>
  recordEvent(pass, { type: "Warning", reason: EVENT_REASONS.Failed, message: `Error: ${message}`, fieldPath });
