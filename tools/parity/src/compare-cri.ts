import type { Json } from "@nk/tool-recordings";
import { compareDeep } from "./difference.ts";
import type { Difference } from "./difference.ts";
import { subjectOf } from "./pod-calls.ts";
import type { PodCall } from "./pod-calls.ts";

/** A call with its place in the comparison. */
interface KeyedCall {
  readonly key: string;
  readonly stage: string;
  readonly subject: string;
  readonly call: PodCall;
}

/**
 * Calls for different containers in one of these stages are made at the same time by the reference, so that their order is chance
 * (kuberuntime_manager.go `killContainersWithSyncResult`, pod_container_deletor.go, v1.36). All other order counts.
 */
const STAGES: { readonly [method: string]: string } = { StopContainer: "kill", ExecSync: "kill", RemoveContainer: "remove" };

const keyed = (calls: readonly PodCall[]): readonly KeyedCall[] =>
  calls.map((call) => {
    const subject = subjectOf(call);
    return { key: `${call.method}[${subject}]`, stage: STAGES[call.method] ?? "", subject, call };
  });

const maySwap = (a: KeyedCall, b: KeyedCall): boolean => a.stage !== "" && a.stage === b.stage && a.subject !== b.subject;

/** Brings calls whose order is chance into the order of their keys; everything else stays where it is. */
const inCanonicalOrder = (calls: readonly KeyedCall[]): readonly KeyedCall[] => {
  const sorted = [...calls];
  let swapped = true;
  while (swapped) {
    swapped = false;
    for (let index = 1; index < sorted.length; index++) {
      const [a, b] = [sorted[index - 1], sorted[index]];
      if (a === undefined || b === undefined || !maySwap(a, b) || a.subject <= b.subject) continue;
      sorted[index - 1] = b;
      sorted[index] = a;
      swapped = true;
    }
  }
  return sorted;
};

/**
 * Leaves out what the reference does when its garbage collection happens to come by: removing what has been stopped, and stopping once
 * more a sandbox that is stopped.
 */
const withoutCollection = (calls: readonly KeyedCall[]): readonly KeyedCall[] => {
  let isStopped = false;
  return calls.filter(({ call }) => {
    if (call.method === "RemovePodSandbox") return false;
    if (call.method === "RemoveContainer") return !isStopped;
    if (call.method !== "StopPodSandbox") return true;
    const isFirst = !isStopped;
    isStopped = true;
    return isFirst;
  });
};

/** The longest common subsequence of two lists of keys, as pairs of indices. */
const pairUp = (recorded: readonly KeyedCall[], ours: readonly KeyedCall[]): readonly (readonly [number, number])[] => {
  const lengths = Array.from({ length: recorded.length + 1 }, () => Array.from({ length: ours.length + 1 }, () => 0));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = recorded.length - 1; row >= 0; row--) {
    for (let column = ours.length - 1; column >= 0; column--) {
      const cells = lengths[row];
      if (cells === undefined) continue;
      const isPair = recorded[row]?.key === ours[column]?.key;
      cells[column] = isPair ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < recorded.length && column < ours.length;) {
    if (recorded[row]?.key === ours[column]?.key) pairs.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return pairs;
};

const contentOf = ({ req, res, err }: PodCall): Json => ({
  ...req,
  ...(res === undefined ? {} : { "<answer>": res }),
  ...(err === undefined ? {} : { "<error>": err }),
});

/** Every call that is missing, extra, out of order or different in content. Both sides have their placeholders. */
export const compareCri = (recordedCalls: readonly PodCall[], ourCalls: readonly PodCall[]): readonly Difference[] => {
  const recorded = inCanonicalOrder(withoutCollection(keyed(recordedCalls)));
  const ours = inCanonicalOrder(withoutCollection(keyed(ourCalls)));
  const pairs = pairUp(recorded, ours);
  const pairedRows = new Set(pairs.map(([row]) => row));
  const pairedColumns = new Set(pairs.map(([, column]) => column));
  const after = (list: readonly KeyedCall[], index: number): string => (index === 0 ? "first" : `after ${list[index - 1]?.key}`);
  const missing = recorded.flatMap(({ key }, row): readonly Difference[] =>
    pairedRows.has(row) ? [] : [{ section: "cri", path: key, recorded: after(recorded, row), ours: undefined }],
  );
  const extra = ours.flatMap(({ key }, column): readonly Difference[] =>
    pairedColumns.has(column) ? [] : [{ section: "cri", path: key, recorded: undefined, ours: after(ours, column) }],
  );
  const changed = pairs.flatMap(([row, column]): readonly Difference[] => {
    const [a, b] = [recorded[row], ours[column]];
    if (a === undefined || b === undefined) return [];
    return compareDeep(contentOf(a.call), contentOf(b.call)).map(({ path, ...values }) => ({
      section: "cri",
      path: `${a.key}.${path}`,
      ...values,
    }));
  });
  return [...missing, ...extra, ...changed];
};
