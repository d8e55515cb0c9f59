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
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
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
  const parts = conditions.map(({ type, status: value, reason }) => `${type}=${value}${reason === undefined ? "" : `(${reason})`}`);
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

/** What a client that watches makes of the statuses on the way: each in one line, without repetitions and without the last one. */
const milestones = (statuses: readonly ShownStatus[], phase: ShownStatus["phase_of_test"]): readonly string[] =>
  statuses
    .filter((one) => isKubelets(one) && one.phase_of_test === phase)
    .map(({ status }) => describeStatus(status))
    .filter((line, index, all) => index === 0 || all[index - 1] !== line)
    .slice(0, -1);

/** Lines of `from` that `shown` does not have, or not in this order. */
const notShown = (from: readonly string[], shown: readonly string[]): readonly string[] => {
  let next = 0;
  return from.filter((line) => {
    const found = shown.indexOf(line, next);
    if (found >= 0) next = found + 1;
    return found < 0;
  });
};

/** How phase and readiness went, e.g. `Pending > Running > Running, ready`. */
const describeCourse = (statuses: readonly ShownStatus[], isChance: (line: string) => boolean): string => {
  const run = statuses.filter((one) => isKubelets(one) && one.phase_of_test === "run");
  const lines = run.filter(({ status }, index) => index === run.length - 1 || !isChance(describeStatus(status)));
  const stations = lines.map(({ status }) => {
    const { phase = "none", conditions = [] } = status as unknown as StatusLike;
    return conditions.some(({ type, status: value }) => type === "Ready" && value === "True") ? `${phase}, ready` : phase;
  });
  return stations.filter((station, index) => index === 0 || stations[index - 1] !== station).join(" > ");
};

const compareWay = (recorded: readonly ShownStatus[], ours: readonly ShownStatus[], chances: StatusChances): StatusComparison => {
  const isChance = (line: string): boolean => chances.chanceStatus?.test(line) === true;
  const ways = (["run", "delete"] as const).map((phase) => {
    const there = milestones(recorded, phase).filter((line) => !isChance(line));
    const here = milestones(ours, phase).filter((line) => !isChance(line));
    const whole = (statuses: readonly ShownStatus[]): readonly string[] => statuses.map(({ status }) => describeStatus(status));
    return { missing: notShown(there, whole(ours)), extra: notShown(here, whole(recorded)) };
  });
  const [there, here] = [describeCourse(recorded, isChance), describeCourse(ours, isChance)];
  return {
    differences: [
      ...ways
        .flatMap(({ missing }) => missing)
        .map((line): Difference => ({ section: "statuses", path: `on the way: ${line}`, recorded: "shown", ours: undefined })),
      ...(there === here || chances.isMidway ? [] : [{ section: "statuses", path: "course", recorded: there, ours: here } as const]),
    ],
    notes: ways.flatMap(({ extra }) => extra).map((line) => `shown, not recorded: ${line}`),
  };
};

/**
 * The last status before and after deletion must be equal. Of those on the way, every one that the reference always shows must be shown, by what
 * it says of phase, conditions and containers, and phase and readiness must not take another course; a kubelet that tells of
 * more steps in between is none the worse for it.
 */
export const compareStatuses = (
  recorded: readonly ShownStatus[],
  ours: readonly ShownStatus[],
  chances: StatusChances,
): StatusComparison => {
  const { differences, notes } = compareWay(recorded, ours, chances);
  return { differences: [...compareLast(recorded, ours, chances.isMidway), ...differences], notes };
};
