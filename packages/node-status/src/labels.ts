import type { Taint } from "@nk/pod-model";

/** Labels of the kubernetes.io and k8s.io namespaces that a kubelet may put on its own node. */
const ALLOWED_LABELS: readonly string[] = [
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
];

const ALLOWED_NAMESPACES: readonly string[] = ["kubelet.kubernetes.io", "node.kubernetes.io"];

const MAX_PREFIX_LENGTH = 253;
const MAX_NAME_LENGTH = 63;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/u;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u;

const namespaceOf = (key: string): string => (key.includes("/") ? key.slice(0, key.indexOf("/")) : "");

const isWithin = (namespace: string, parent: string): boolean => namespace === parent || namespace.endsWith(`.${parent}`);

const isReserved = (key: string): boolean => isWithin(namespaceOf(key), "kubernetes.io") || isWithin(namespaceOf(key), "k8s.io");

const isAllowed = (key: string): boolean =>
  ALLOWED_LABELS.includes(key) || ALLOWED_NAMESPACES.some((parent) => isWithin(namespaceOf(key), parent));

const isName = (text: string): boolean => text.length <= MAX_NAME_LENGTH && NAME.test(text);

/** A label, annotation or taint key: `[prefix/]name`. */
const isQualifiedName = (key: string): boolean => {
  const parts = key.split("/");
  const [prefix = "", name = ""] = parts.length === 1 ? [undefined, parts[0]] : parts;
  if (parts.length > 2 || !isName(name)) return false;
  return parts.length === 1 || (prefix.length <= MAX_PREFIX_LENGTH && PREFIX.test(prefix));
};

const isLabelValue = (value: string): boolean => value === "" || isName(value);

/**
 * What is wrong with labels given for the node (`--node-labels`), one sentence each, none when they are fine: syntax, and keys of the
 * kubernetes.io and k8s.io namespaces that a kubelet may not set (the NodeRestriction admission plugin refuses them anyway).
 */
export const findLabelProblems = (labels: { readonly [key: string]: string }): readonly string[] => {
  const unknown = Object.keys(labels).filter((key) => isReserved(key) && !isAllowed(key));
  const known = `${ALLOWED_NAMESPACES.join(", ")} or one of ${ALLOWED_LABELS.join(", ")}`;
  return [
    ...(unknown.length === 0
      ? []
      : [`labels ${unknown.toSorted().join(", ")} are not a kubelet's to set: below kubernetes.io only ${known}`]),
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...(isQualifiedName(key) ? [] : [`label key ${JSON.stringify(key)} is not a qualified name`]),
      ...(isLabelValue(value) ? [] : [`label ${key} has the value ${JSON.stringify(value)}, which is no label value`]),
    ]),
  ];
};

const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** What is wrong with the taints the node is to be registered with, one sentence each. Key and effect must be unique together. */
export const findTaintProblems = (taints: readonly Taint[]): readonly string[] => {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value = "", effect }) => {
    const name = `taint ${key}:${effect}`;
    const isTwice = seen.has(name);
    seen.add(name);
    return [
      ...(isQualifiedName(key) ? [] : [`${name}: the key is not a qualified name`]),
      ...(isLabelValue(value) ? [] : [`${name}: ${JSON.stringify(value)} is no label value`]),
      ...(EFFECTS.includes(effect) ? [] : [`${name}: the effect is none of ${EFFECTS.join(", ")}`]),
      ...(isTwice ? [`${name} is given twice`] : []),
    ];
  });
};
