import type { ApiObject } from "../contracts.ts";
import type { TableDefinition } from "../kinds/kind-definition.ts";
import { flagAt, listAt, mapAt, numberAt, textAt, valueAt } from "../kinds/read-path.ts";
import { formatSpan } from "./age.ts";
import {
  AGE,
  ageOf,
  column,
  flagColumn,
  formatLabels,
  formatSelector,
  NAME,
  nameOf,
  numberColumn,
  orNone,
  simpleTable,
  templateCells,
} from "./cells.ts";

const selectorCell = [column("Selector"), (object: ApiObject) => formatSelector(valueAt(object, "spec.selector"))] as const;

/** `kubectl get daemonsets`. */
export const DAEMON_SET_TABLE = simpleTable(
  [
    [numberColumn("Desired"), (object) => numberAt(object, "status.desiredNumberScheduled")],
    [numberColumn("Current"), (object) => numberAt(object, "status.currentNumberScheduled")],
    [numberColumn("Ready"), (object) => numberAt(object, "status.numberReady")],
    [numberColumn("Up-to-date"), (object) => numberAt(object, "status.updatedNumberScheduled")],
    [numberColumn("Available"), (object) => numberAt(object, "status.numberAvailable")],
    [column("Node Selector"), (object) => formatLabels(mapAt(object, "spec.template.spec.nodeSelector"))],
  ],
  [...templateCells, selectorCell],
);

const replicaCells = [
  [numberColumn("Desired"), (object: ApiObject) => numberAt(object, "spec.replicas")],
  [numberColumn("Current"), (object: ApiObject) => numberAt(object, "status.replicas")],
  [numberColumn("Ready"), (object: ApiObject) => numberAt(object, "status.readyReplicas")],
] as const;

/** `kubectl get replicasets`. */
export const REPLICA_SET_TABLE = simpleTable(replicaCells, [...templateCells, selectorCell]);

/** `kubectl get replicationcontrollers`. */
export const REPLICATION_CONTROLLER_TABLE = simpleTable(replicaCells, [
  ...templateCells,
  [column("Selector"), (object) => formatLabels(mapAt(object, "spec.selector"))],
]);

const readyOf = (object: ApiObject): string => `${numberAt(object, "status.readyReplicas")}/${numberAt(object, "spec.replicas")}`;

/** `kubectl get deployments`. */
export const DEPLOYMENT_TABLE = simpleTable(
  [
    [column("Ready"), readyOf],
    [column("Up-to-date"), (object) => numberAt(object, "status.updatedReplicas")],
    [column("Available"), (object) => numberAt(object, "status.availableReplicas")],
  ],
  [...templateCells, selectorCell],
);

/** `kubectl get statefulsets`. */
export const STATEFUL_SET_TABLE = simpleTable([[column("Ready"), readyOf]], templateCells);

const hasCondition = (object: ApiObject, type: string): boolean =>
  listAt(object, "status.conditions").some((condition) => textAt(condition, "type") === type && textAt(condition, "status") === "True");

const jobStatusOf = (job: ApiObject): string => {
  if (hasCondition(job, "Complete")) return "Complete";
  if (hasCondition(job, "Failed")) return "Failed";
  if (job.metadata?.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => hasCondition(job, type)) ?? "Running";
};

const completionsOf = (job: ApiObject): string => {
  const succeeded = numberAt(job, "status.succeeded");
  const wanted = valueAt(job, "spec.completions");
  if (typeof wanted === "number") return `${succeeded}/${wanted}`;
  const parallelism = numberAt(job, "spec.parallelism");
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
};

const durationOf = (job: ApiObject, nowMs: number): string => {
  const start = textAt(job, "status.startTime");
  if (start === "") return "";
  const end = textAt(job, "status.completionTime");
  return formatSpan((end === "" ? nowMs : Date.parse(end)) - Date.parse(start));
};

/** `kubectl get jobs`. */
export const JOB_TABLE = simpleTable(
  [
    [column("Status"), jobStatusOf],
    [column("Completions"), completionsOf],
    [column("Duration"), durationOf],
  ],
  [...templateCells, selectorCell],
);

/** `kubectl get leases`. */
export const LEASE_TABLE = simpleTable([[column("Holder"), (object) => textAt(object, "spec.holderIdentity")]]);

/** `kubectl get runtimeclasses`. */
export const RUNTIME_CLASS_TABLE = simpleTable([[column("Handler"), (object) => textAt(object, "handler")]]);

const requestStatusOf = (request: ApiObject): string => {
  const types = new Set(listAt(request, "status.conditions").map((condition) => textAt(condition, "type")));
  const decision = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  const isIssued = textAt(request, "status.certificate") !== "";
  return `${decision}${types.has("Failed") ? ",Failed" : ""}${isIssued ? ",Issued" : ""}`;
};

const requestedDurationOf = (request: ApiObject): string => {
  const seconds = valueAt(request, "spec.expirationSeconds");
  return typeof seconds === "number" ? formatSpan(seconds * 1000) : "<none>";
};

/** `kubectl get csr`. */
export const REQUEST_TABLE: TableDefinition = {
  columns: [NAME, AGE, column("SignerName"), column("Requestor"), column("RequestedDuration"), column("Condition")],
  cells: (object, nowMs) => [
    nameOf(object),
    ageOf(object, nowMs),
    textAt(object, "spec.signerName", "<none>"),
    textAt(object, "spec.username"),
    requestedDurationOf(object),
    requestStatusOf(object),
  ],
};

/** `kubectl get clustertrustbundles`. */
export const TRUST_BUNDLE_TABLE: TableDefinition = {
  columns: [NAME, column("SignerName")],
  cells: (object) => [nameOf(object), textAt(object, "spec.signerName", "<none>")],
};

/** `kubectl get csinodes`. */
export const CSI_NODE_TABLE = simpleTable([[numberColumn("Drivers"), (object) => listAt(object, "spec.drivers").length]]);

const audiencesOf = (driver: ApiObject): string =>
  valueAt(driver, "spec.tokenRequests") === undefined
    ? "<unset>"
    : listAt(driver, "spec.tokenRequests")
        .map((request) => textAt(request, "audience"))
        .join(",");

/** `kubectl get csidrivers`. */
export const CSI_DRIVER_TABLE = simpleTable([
  [flagColumn("AttachRequired"), (object) => flagAt(object, "spec.attachRequired", true)],
  [flagColumn("PodInfoOnMount"), (object) => flagAt(object, "spec.podInfoOnMount")],
  [flagColumn("StorageCapacity"), (object) => flagAt(object, "spec.storageCapacity")],
  [column("TokenRequests"), audiencesOf],
  [flagColumn("RequiresRepublish"), (object) => flagAt(object, "spec.requiresRepublish")],
  [column("Modes"), (object) => orNone(listAt(object, "spec.volumeLifecycleModes").join(","))],
]);

/** `kubectl get volumeattachments`. */
export const ATTACHMENT_TABLE = simpleTable([
  [{ name: "Attacher", format: "name" }, (object) => textAt(object, "spec.attacher")],
  [column("PV"), (object) => textAt(object, "spec.source.persistentVolumeName")],
  [column("Node"), (object) => textAt(object, "spec.nodeName")],
  [flagColumn("Attached"), (object) => flagAt(object, "status.attached")],
]);

const DEFAULT_CLASS = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

const classNameOf = (object: ApiObject): string =>
  DEFAULT_CLASS.some((annotation) => object.metadata?.annotations?.[annotation] === "true")
    ? `${nameOf(object)} (default)`
    : nameOf(object);

/** `kubectl get storageclasses`. */
export const STORAGE_CLASS_TABLE: TableDefinition = {
  columns: [NAME, column("Provisioner"), column("ReclaimPolicy"), column("VolumeBindingMode"), column("AllowVolumeExpansion"), AGE],
  cells: (object, nowMs) => [
    classNameOf(object),
    textAt(object, "provisioner"),
    textAt(object, "reclaimPolicy", "Delete"),
    textAt(object, "volumeBindingMode", "Immediate"),
    flagAt(object, "allowVolumeExpansion"),
    ageOf(object, nowMs),
  ],
};

const amountOr = (object: ApiObject, path: string): string => {
  const value = valueAt(object, path);
  return typeof value === "string" || typeof value === "number" ? `${value}` : "N/A";
};

/** `kubectl get poddisruptionbudgets`. */
export const BUDGET_TABLE = simpleTable([
  [column("Min Available"), (object) => amountOr(object, "spec.minAvailable")],
  [column("Max Unavailable"), (object) => amountOr(object, "spec.maxUnavailable")],
  [numberColumn("Allowed Disruptions"), (object) => numberAt(object, "status.disruptionsAllowed")],
]);

const subjectsOf = (object: ApiObject, kind: string): string =>
  listAt(object, "subjects")
    .filter((subject) => textAt(subject, "kind") === kind)
    .map((subject) => (kind === "ServiceAccount" ? `${textAt(subject, "namespace")}/${textAt(subject, "name")}` : textAt(subject, "name")))
    .join(", ");

/** `kubectl get rolebindings` and clusterrolebindings. */
export const ROLE_BINDING_TABLE = simpleTable(
  [[column("Role"), (object) => `${textAt(object, "roleRef.kind")}/${textAt(object, "roleRef.name")}`]],
  [
    [column("Users"), (object) => subjectsOf(object, "User")],
    [column("Groups"), (object) => subjectsOf(object, "Group")],
    [column("ServiceAccounts"), (object) => subjectsOf(object, "ServiceAccount")],
  ],
);

/** `kubectl get priorityclasses`. */
export const PRIORITY_CLASS_TABLE: TableDefinition = {
  columns: [NAME, numberColumn("Value"), flagColumn("Global-Default"), AGE, column("PreemptionPolicy")],
  cells: (object, nowMs) => [
    nameOf(object),
    numberAt(object, "value"),
    flagAt(object, "globalDefault"),
    ageOf(object, nowMs),
    textAt(object, "preemptionPolicy"),
  ],
};

const MAX_SHOWN = 3;

const shorten = (all: readonly string[]): string => {
  const shown = all.slice(0, MAX_SHOWN).join(",");
  if (all.length === 0) return "<unset>";
  return all.length > MAX_SHOWN ? `${shown} + ${all.length - MAX_SHOWN} more...` : shown;
};

/** `kubectl get endpointslices`. */
export const ENDPOINT_SLICE_TABLE = simpleTable([
  [column("AddressType"), (object) => textAt(object, "addressType")],
  [column("Ports"), (object) => shorten(listAt(object, "ports").map((port) => `${numberAt(port, "port") || textAt(port, "name", "*")}`))],
  [column("Endpoints"), (object) => shorten(listAt(object, "endpoints").flatMap((endpoint) => listAt(endpoint, "addresses").map(String)))],
]);
