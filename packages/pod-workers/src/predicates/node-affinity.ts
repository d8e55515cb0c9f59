import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "@nk/pod-model";

const isInteger = (text: string | undefined): text is string => text !== undefined && /^[-+]?\d+$/.test(text);

const compareWith = (value: string | undefined, bound: string | undefined, isMet: (a: bigint, b: bigint) => boolean): boolean =>
  isInteger(value) && isInteger(bound) && isMet(BigInt(value), BigInt(bound));

/** One requirement against a label's value (k8s.io/apimachinery labels.Requirement.Matches). An operator that is none matches nothing. */
const matchesRequirement = ({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean => {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return compareWith(value, values[0], (a, b) => a > b);
    case "Lt":
      return compareWith(value, values[0], (a, b) => a < b);
    default:
      return false;
  }
};

/** A term without requirements selects nothing. */
const matchesTerm = ({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean => {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    matchExpressions.every((requirement) => matchesRequirement(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => requirement.key === "metadata.name" && matchesRequirement(requirement, node.metadata?.name ?? ""))
  );
};

/** Whether the node is one of those that the pod's nodeSelector and required node affinity ask for. */
export const matchesNodeAffinity = (pod: Pod, node: Node): boolean => {
  const labels = node.metadata?.labels ?? {};
  const isSelected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return isSelected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)));
};
