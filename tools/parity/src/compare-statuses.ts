import type { Json } from "@nk/tool-recordings";
import { compareDeep } from "./difference.ts";
import type { Difference } from "./difference.ts";

/** A status that the API showed, with its placeholders. */
export interface ShownStatus {
  readonly phase_of_test: "run" | "delete";
  readonly status: Json;
}

/** The comparison of two sequences of statuses. */
export interface StatusComparison {
  readonly differences: readonly Difference[];
  /** What is worth a look but no difference: statuses on the way that only one of the two showed. */
  readonly notes: readonly string[];
}

const sameKey = (status: Json): string =>
  JSON.stringify(status, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

interface StatusLike {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly initContainerStatuses?: readonly ContainerStatusLike[];
  readonly containerStatuses?: readonly ContainerStatusLike[];
}

interface ContainerStatusLike {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: { readonly [state: string]: { readonly reason?: string } };
}

/** A status in one line, e.g. `Running Ready=True main=running`. */
export const describeStatus = (status: Json): string => {
  const { phase, conditions = [], initContainerStatuses = [], containerStatuses = [] } = status as unknown as StatusLike;
  const parts = conditions.map((condition) => `${condition.type}=${condition.status}`);
  const containers = [...initContainerStatuses, ...containerStatuses].map(({ name, ready, restartCount, state }) => {
    const [kind = "none", details] = Object.entries(state)[0] ?? [];
    return `${name}=${kind}${details?.reason === undefined ? "" : `(${details.reason})`}${ready ? ",ready" : ""}${restartCount > 0 ? `,restart ${restartCount}` : ""}`;
  });
  return [phase ?? "no phase", ...parts, ...containers].join(" ");
};

/** Drops statuses that repeat the one before, as the recorder did: a pod that ends as it was has none after its deletion. */
export const distinct = (statuses: readonly ShownStatus[]): readonly ShownStatus[] =>
  statuses.filter(({ status }, index) => index === 0 || sameKey(statuses[index - 1]?.status ?? "") !== sameKey(status));

const lastOf = (statuses: readonly ShownStatus[], phase: ShownStatus["phase_of_test"]): Json | undefined =>
  statuses.findLast(({ phase_of_test: own }) => own === phase)?.status;

type JsonObject = { readonly [key: string]: Json };

const asObject = (value: Json | undefined): JsonObject => (typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : {});

/** A status but for its pod-level `resources`. */
export const withoutResources = (status: Json | undefined): Json | undefined =>
  status === undefined ? undefined : Object.fromEntries(Object.entries(asObject(status)).filter(([key]) => key !== "resources"));

const resourcesOf = (status: Json | undefined): JsonObject => asObject(asObject(status)["resources"]);

const isPartOf = (part: Json | undefined, whole: Json | undefined): boolean =>
  typeof part === "object" && !Array.isArray(part)
    ? Object.entries(asObject(part)).every(([key, value]) => isPartOf(value, asObject(whole)[key]))
    : part === whole;

/**
 * The reference takes a pod's resources from its spec at first, from its cgroup whenever it computes a status of a pod that the API
 * shows as running already, and has less of them once the cgroup is gone (kubelet_pods.go `convertToAPIPodLevelResourcesStatus`, v1.36): which of these a
 * status has is chance. So they must be what the recording shows at some time, or a part of it.
 */
const compareResources = (recorded: readonly ShownStatus[], ours: Json | undefined): boolean =>
  recorded.some(({ status }) => isPartOf(resourcesOf(ours), resourcesOf(status)));

const withoutGeneration = (status: Json | undefined): Json | undefined =>
  status === undefined
    ? undefined
    : (JSON.parse(JSON.stringify(status, (key, value: unknown) => (key === "observedGeneration" ? undefined : value))) as Json);

const isShown = (status: Json | undefined, shown: readonly ShownStatus[]): boolean =>
  shown.some((one) => one.phase_of_test === "run" && compareDeep(withoutResources(status), withoutResources(one.status)).length === 0);

/** The statuses to compare: of a pod that was deleted midway, which may end before or after its deletion, the very last one. */
const pickLast = (
  phase: ShownStatus["phase_of_test"],
  sides: { readonly recorded: readonly ShownStatus[]; readonly ours: readonly ShownStatus[]; readonly isMidway: boolean },
): { readonly there: Json | undefined; readonly here: Json | undefined } => {
  const { recorded, ours, isMidway } = sides;
  const there = lastOf(recorded, phase);
  if (!isMidway) return { there, here: lastOf(ours, phase) };
  if (phase === "run") return { there, here: isShown(there, ours) ? there : lastOf(ours, phase) };
  return { there: withoutGeneration(there), here: withoutGeneration(ours.at(-1)?.status) };
};

/** What is chance about the statuses of a scenario. */
export interface StatusChances {
  /** The recorder deleted the pod while it was changing: its last status before that need only be shown. */
  readonly isMidway: boolean;
  /** Statuses on the way, as {@link describeStatus} tells them. */
  readonly chanceStatus: RegExp | undefined;
}

const compareLast = (recorded: readonly ShownStatus[], ours: readonly ShownStatus[], isMidway: boolean): readonly Difference[] =>
  (["run", "delete"] as const).flatMap((phase): readonly Difference[] => {
    const { there, here } = pickLast(phase, { recorded, ours, isMidway });
    const found = compareDeep(withoutResources(there), withoutResources(here));
    const places = compareResources(recorded, here)
      ? found
      : [...found, ...compareDeep(resourcesOf(there), resourcesOf(here), "resources")];
    return places.map(({ path, ...values }) => ({
      section: "statuses",
      path: path === "" ? `last ${phase}` : `last ${phase}.${path}`,
      ...values,
    }));
  });

/** The kubelet wrote it, not the API server or the scheduler. */
const isKubelets = ({ status }: ShownStatus): boolean => asObject(status)["observedGeneration"] !== undefined;

/** Statuses on the way of one phase: distinct but for what is chance, without the last one. */
const onTheWay = (statuses: readonly ShownStatus[], phase: ShownStatus["phase_of_test"]): readonly ShownStatus[] =>
  distinct(statuses.map((one) => ({ ...one, status: withoutResources(one.status) ?? {} })).filter(isKubelets))
    .filter((one) => one.phase_of_test === phase)
    .slice(0, -1);

/** Statuses of `from` that `shown` does not have, or not in this order. */
const notShown = (from: readonly ShownStatus[], shown: readonly ShownStatus[]): readonly Json[] => {
  let next = 0;
  return from.flatMap(({ status }) => {
    const found = shown.findIndex((one, index) => index >= next && compareDeep(one.status, status).length === 0);
    if (found < 0) return [status];
    next = found + 1;
    return [];
  });
};

/**
 * The last status before and after deletion must be equal, and those on the way must be the same in the same order, except for what is
 * chance. After deletion more may be shown than was recorded: the recorder was not always fast enough.
 */
export const compareStatuses = (
  recorded: readonly ShownStatus[],
  ours: readonly ShownStatus[],
  chances: StatusChances,
): StatusComparison => {
  const isChance = (status: Json): boolean => chances.chanceStatus?.test(describeStatus(status)) === true;
  const way = (phase: ShownStatus["phase_of_test"]) => {
    const whole = (statuses: readonly ShownStatus[]): readonly ShownStatus[] =>
      statuses.map((one) => ({ ...one, status: withoutResources(one.status) ?? {} }));
    return {
      missing: notShown(onTheWay(recorded, phase), whole(ours)).filter((status) => !isChance(status)),
      extra: notShown(onTheWay(ours, phase), whole(recorded)).filter((status) => !isChance(status)),
    };
  };
  const [run, deletion] = [way("run"), way("delete")];
  const difference = (status: Json, isMissing: boolean): Difference => ({
    section: "statuses",
    path: `on the way: ${describeStatus(status)}`,
    recorded: isMissing ? status : undefined,
    ours: isMissing ? undefined : status,
  });
  return {
    differences: [
      ...compareLast(recorded, ours, chances.isMidway),
      ...[...run.missing, ...deletion.missing].map((status) => difference(status, true)),
      ...(chances.isMidway ? [] : run.extra).map((status) => difference(status, false)),
    ],
    notes: [...(chances.isMidway ? run.extra : []), ...deletion.extra].map((status) => `shown, not recorded: ${describeStatus(status)}`),
  };
};
