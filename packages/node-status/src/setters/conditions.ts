import type { Node, NodeCondition } from "@nk/pod-model";

/** The condition of that type, if the node has it. */
export const findCondition = (node: Node, type: string): NodeCondition | undefined =>
  node.status?.conditions?.find((condition) => condition.type === type);

/** The node's conditions with this one in the place of its type, or at the end. */
export const withCondition = (node: Node, condition: NodeCondition): readonly NodeCondition[] => {
  const conditions = node.status?.conditions ?? [];
  return findCondition(node, condition.type) === undefined
    ? [...conditions, condition]
    : conditions.map((one) => (one.type === condition.type ? condition : one));
};
