import type { ApiObject } from "../contracts.ts";
import type { TableDefinition } from "../kinds/kind-definition.ts";
import { flagAt, listAt, textAt } from "../kinds/read-path.ts";
import { AGE, ageOf, column, NAME, nameOf, orNone } from "./cells.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";

const statusOf = (node: ApiObject): string => {
  const ready = listAt(node, "status.conditions").find((condition) => textAt(condition, "type") === "Ready");
  const readiness = ready === undefined ? "Unknown" : textAt(ready, "status") === "True" ? "Ready" : "NotReady";
  return flagAt(node, "spec.unschedulable") ? `${readiness},SchedulingDisabled` : readiness;
};

const rolesOf = ({ metadata }: ApiObject): string => {
  const roles = Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key === ROLE_PREFIX ? [] : [key.slice(ROLE_PREFIX.length)];
    return key === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return orNone([...new Set(roles)].toSorted().join(","));
};

const addressOf = (node: ApiObject, type: string): string =>
  textAt(
    listAt(node, "status.addresses").find((address) => textAt(address, "type") === type),
    "address",
    "<none>",
  );

const kernelOf = (node: ApiObject): string => {
  const architecture = textAt(node, "status.nodeInfo.architecture");
  return `${textAt(node, "status.nodeInfo.kernelVersion", "<unknown>")}${architecture === "" ? "" : ` (${architecture})`}`;
};

/** `kubectl get nodes`. */
export const NODE_TABLE: TableDefinition = {
  columns: [
    NAME,
    column("Status"),
    column("Roles"),
    AGE,
    column("Version"),
    column("Internal-IP", 1),
    column("External-IP", 1),
    column("OS-Image", 1),
    column("Kernel-Version", 1),
    column("Container-Runtime", 1),
  ],
  cells: (node, nowMs) => [
    nameOf(node),
    statusOf(node),
    rolesOf(node),
    ageOf(node, nowMs),
    textAt(node, "status.nodeInfo.kubeletVersion"),
    addressOf(node, "InternalIP"),
    addressOf(node, "ExternalIP"),
    textAt(node, "status.nodeInfo.osImage", "<unknown>"),
    kernelOf(node),
    textAt(node, "status.nodeInfo.containerRuntimeVersion", "<unknown>"),
  ],
};
