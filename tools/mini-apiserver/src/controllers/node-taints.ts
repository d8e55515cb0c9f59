import { isDeepStrictEqual } from "node:util";
import type { Node, Taint } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";

const PREFIX = "node.kubernetes.io/";

/** Conditions that keep new pods away while they are true, and their taints (pkg/controller/nodelifecycle). */
const PRESSURES: { readonly [condition: string]: string } = {
  MemoryPressure: `${PREFIX}memory-pressure`,
  DiskPressure: `${PREFIX}disk-pressure`,
  PIDPressure: `${PREFIX}pid-pressure`,
  NetworkUnavailable: `${PREFIX}network-unavailable`,
};

const OWNED: ReadonlySet<string> = new Set([
  ...Object.values(PRESSURES),
  `${PREFIX}not-ready`,
  `${PREFIX}unreachable`,
  `${PREFIX}unschedulable`,
]);

/** The taints that the node's conditions and its `unschedulable` ask for. Pure. */
const computeWanted = (node: Node): readonly Taint[] => {
  const statusOf = (name: string): string | undefined => node.status?.conditions?.find(({ type }) => type === name)?.status;
  const ready = statusOf("Ready");
  const taints: Taint[] = [];
  if (ready === "Unknown")
    taints.push({ key: `${PREFIX}unreachable`, effect: "NoSchedule" }, { key: `${PREFIX}unreachable`, effect: "NoExecute" });
  else if (ready !== "True") taints.push({ key: `${PREFIX}not-ready`, effect: "NoSchedule" });
  if (ready === "False") taints.push({ key: `${PREFIX}not-ready`, effect: "NoExecute" });
  for (const [condition, key] of Object.entries(PRESSURES)) if (statusOf(condition) === "True") taints.push({ key, effect: "NoSchedule" });
  if (node.spec?.unschedulable === true) taints.push({ key: `${PREFIX}unschedulable`, effect: "NoSchedule" });
  return taints;
};

/** The node's taints as they should be; undefined when they are. Those of others, and the times of those that stay, are kept. Pure. */
export const computeTaints = (node: Node, nowMs: number): readonly Taint[] | undefined => {
  const current = node.spec?.taints ?? [];
  const foreign = current.filter(({ key }) => !OWNED.has(key));
  const own = computeWanted(node).map((wanted) => {
    const kept = current.find(({ key, effect }) => key === wanted.key && effect === wanted.effect);
    if (kept !== undefined) return kept;
    return { ...wanted, timeAdded: formatTimestamp(nowMs) };
  });
  const next = [...foreign, ...own];
  const isSame = next.length === current.length && next.every((taint) => current.some((other) => isDeepStrictEqual(taint, other)));
  return isSame ? undefined : next;
};
