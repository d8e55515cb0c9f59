import type { Node } from "@nk/pod-model";
import { CONTROLLER_MANAGED_ATTACH_ANNOTATION } from "./initial-node.ts";
import { isExtendedResource, isHugePageResource } from "./setters/resources.ts";

type Texts = { readonly [name: string]: string };

/** Labels that follow the kubelet's own view when an existing node is taken over. */
const DEFAULT_LABELS: readonly string[] = [
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
];

const pick = (texts: Texts | undefined, isWanted: (name: string, value: string) => boolean): Texts =>
  Object.fromEntries(Object.entries(texts ?? {}).filter(([name, value]) => isWanted(name, value)));

const reconcileAnnotations = (wanted: Texts | undefined, existing: Texts | undefined): Texts => ({
  ...pick(existing, (name) => name !== CONTROLLER_MANAGED_ATTACH_ANNOTATION),
  ...pick(wanted, (name) => name === CONTROLLER_MANAGED_ATTACH_ANNOTATION),
});

/** Labels of the list follow the wanted node where that has them; an empty value means none. */
const reconcileLabels = (wanted: Texts | undefined, existing: Texts | undefined): Texts => {
  const followed = pick(wanted, (name) => DEFAULT_LABELS.includes(name));
  return pick({ ...existing, ...followed }, (name, value) => !(name in followed) || value !== "");
};

const reconcileResources = (wanted: Texts | undefined, existing: Texts | undefined, resetExtended: boolean): Texts => {
  if (existing === undefined) return wanted ?? {};
  const reset = resetExtended
    ? Object.fromEntries(Object.keys(existing).flatMap((name) => (isExtendedResource(name) ? [[name, "0"]] : [])))
    : {};
  return { ...pick(existing, (name) => !isHugePageResource(name)), ...reset, ...pick(wanted, isHugePageResource) };
};

/** What {@link reconcileNode} takes. */
export interface ReconcileInput {
  /** The node as it would be created, status included. */
  readonly wanted: Node;
  readonly existing: Node;
  /** The machine has lost its device manager's state: extended resources are 0 until their plugins come back. */
  readonly resetExtended: boolean;
}

/**
 * An existing node taken over: the attach-detach annotation, the default labels, huge pages (sizes the machine no longer has go) and, if asked,
 * extended resources. Other labels and all taints are whoever's set them. Reference: tryRegisterWithAPIServer.
 */
export const reconcileNode = ({ wanted, existing, resetExtended }: ReconcileInput): Node => ({
  ...existing,
  metadata: {
    ...existing.metadata,
    annotations: reconcileAnnotations(wanted.metadata?.annotations, existing.metadata?.annotations),
    labels: reconcileLabels(wanted.metadata?.labels, existing.metadata?.labels),
  },
  status: {
    ...existing.status,
    capacity: reconcileResources(wanted.status?.capacity, existing.status?.capacity, resetExtended),
    allocatable: reconcileResources(wanted.status?.allocatable, existing.status?.allocatable, resetExtended),
  },
});
