import type { Pod } from "@nk/pod-model";
import type { TableDefinition } from "../kinds/kind-definition.ts";
import { formatSpan } from "./age.ts";
import { AGE, ageOf, column, NAME, orNone } from "./cells.ts";
import { computePodState } from "./pod-state.ts";

const gatesOf = ({ spec, status }: Pod): string => {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const open = gates.filter(({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status === "True");
  return `${open.length}/${gates.length}`;
};

const ROW_CONDITIONS: { readonly [phase: string]: readonly object[] } = {
  Succeeded: [{ type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." }],
  Failed: [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }],
};

/** `kubectl get pods`. */
export const POD_TABLE: TableDefinition = {
  columns: [
    NAME,
    column("Ready"),
    column("Status"),
    column("Restarts"),
    AGE,
    column("IP", 1),
    column("Node", 1),
    column("Nominated Node", 1),
    column("Readiness Gates", 1),
  ],
  rowConditions: (object) => ROW_CONDITIONS[(object as Pod).status?.phase ?? ""] ?? [],
  cells: (object, nowMs) => {
    const pod = object as Pod;
    const { ready, status, restarts, lastRestartMs } = computePodState(pod);
    const since = restarts === 0 || lastRestartMs === undefined ? "" : ` (${formatSpan(nowMs - lastRestartMs)} ago)`;
    return [
      object.metadata?.name ?? "",
      ready,
      status,
      `${restarts}${since}`,
      ageOf(object, nowMs),
      orNone(pod.status?.podIPs?.[0]?.ip ?? ""),
      orNone(pod.spec?.nodeName ?? ""),
      orNone(pod.status?.nominatedNodeName ?? ""),
      gatesOf(pod),
    ];
  },
};
