import type { Node, NodeAddress, NodeCondition } from "@nk/pod-model";
import type { NodePatch } from "./ports.ts";
import { isSameValue } from "./same-value.ts";

type Fields = { readonly [name: string]: unknown };
type MutableFields = { [name: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Maps and structs: what differs, `null` for what goes; lists and values are replaced whole. `undefined` when nothing differs. */
const diffFields = (before: Fields, after: Fields): Fields | undefined => {
  const patch: MutableFields = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[name], after[name]];
    if (isSameValue(from, to)) continue;
    if (to === undefined) patch[name] = null;
    else if (isFields(from) && isFields(to)) patch[name] = diffFields(from, to);
    else patch[name] = to;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
};

/** The list is merged by type: changed conditions with what changed in them, gone ones marked, and the order they should have. */
const diffConditions = (before: readonly NodeCondition[], after: readonly NodeCondition[]): Fields => {
  const changed = after.flatMap((condition): readonly Fields[] => {
    const { type } = condition;
    const old = before.find((one) => one.type === type);
    if (old === undefined) return [{ ...condition }];
    const difference = diffFields({ ...old }, { ...condition });
    return difference === undefined ? [] : [{ ...difference, type }];
  });
  const gone = before.filter(({ type }) => !after.some((one) => one.type === type)).map(({ type }): Fields => ({ $patch: "delete", type }));
  if (changed.length + gone.length === 0) return {};
  return { "$setElementOrder/conditions": after.map(({ type }) => ({ type })), conditions: [...changed, ...gone] };
};

/**
 * The schema says addresses are merged by type, which is wrong where a type occurs twice (dual stack): the list is replaced
 * (component-helpers/node/util, fixupPatchForNodeStatusAddresses).
 */
const diffAddresses = (before: readonly NodeAddress[], after: readonly NodeAddress[]): Fields =>
  isSameValue(before, after) ? {} : { addresses: [...after, { $patch: "replace" }] };

/**
 * The strategic merge patch that turns one node into the other: labels, annotations and status; the spec is never ours. `undefined` when
 * they are the same to the second.
 */
export const computeNodePatch = (before: Node, after: Node): NodePatch | undefined => {
  const metadata = diffFields(
    { labels: before.metadata?.labels, annotations: before.metadata?.annotations },
    { labels: after.metadata?.labels, annotations: after.metadata?.annotations },
  );
  const { conditions: oldConditions = [], addresses: oldAddresses = [], ...oldRest } = before.status ?? {};
  const { conditions = [], addresses = [], ...rest } = after.status ?? {};
  const status: Fields = {
    ...diffFields({ ...oldRest }, { ...rest }),
    ...diffAddresses(oldAddresses, addresses),
    ...diffConditions(oldConditions, conditions),
  };
  const patch: NodePatch = {
    ...(metadata === undefined ? {} : { metadata }),
    ...(Object.keys(status).length === 0 ? {} : { status }),
  };
  return Object.keys(patch).length === 0 ? undefined : patch;
};
