import type { ApiObject } from "../contracts.ts";
import type { TableDefinition } from "../kinds/kind-definition.ts";
import { listAt, mapAt, numberAt, textAt, valueAt } from "../kinds/read-path.ts";
import { formatAge } from "./age.ts";
import { AGE, ageOf, column, formatLabels, NAME, nameOf, orNone, simpleTable } from "./cells.ts";

/** `kubectl get namespaces`. */
export const NAMESPACE_TABLE = simpleTable([[column("Status"), (object) => textAt(object, "status.phase")]]);

/** `kubectl get secrets`. */
export const SECRET_TABLE = simpleTable([
  [column("Type"), (object) => textAt(object, "type")],
  [column("Data"), (object) => Object.keys(mapAt(object, "data")).length],
]);

/** `kubectl get configmaps`. */
export const CONFIG_MAP_TABLE = simpleTable([
  [column("Data"), (object) => Object.keys(mapAt(object, "data")).length + Object.keys(mapAt(object, "binaryData")).length],
]);

/** `kubectl get serviceaccounts`. */
export const NAME_AND_AGE_TABLE = simpleTable([]);

const portsOf = (service: ApiObject): string =>
  orNone(
    listAt(service, "spec.ports")
      .map((port) => {
        const nodePort = numberAt(port, "nodePort");
        return `${numberAt(port, "port")}${nodePort > 0 ? `:${nodePort}` : ""}/${textAt(port, "protocol")}`;
      })
      .join(","),
  );

const externalOf = (service: ApiObject): string => {
  const own = listAt(service, "spec.externalIPs").join(",");
  switch (textAt(service, "spec.type")) {
    case "ClusterIP":
    case "NodePort":
      return orNone(own);
    case "ExternalName":
      return textAt(service, "spec.externalName");
    case "LoadBalancer": {
      const ingress = listAt(service, "status.loadBalancer.ingress").map((one) => textAt(one, "ip") || textAt(one, "hostname"));
      return [...ingress, ...(own === "" ? [] : [own])].join(",") || "<pending>";
    }
    default:
      return "<unknown>";
  }
};

/** `kubectl get services`. */
export const SERVICE_TABLE = simpleTable(
  [
    [column("Type"), (object) => textAt(object, "spec.type")],
    [column("Cluster-IP"), (object) => orNone(textAt(object, "spec.clusterIPs.0"))],
    [column("External-IP"), externalOf],
    [column("Port(s)"), portsOf],
  ],
  [[column("Selector"), (object) => formatLabels(mapAt(object, "spec.selector"))]],
);

const MAX_ENDPOINTS = 3;

const endpointsOf = (object: ApiObject): string => {
  const all = listAt(object, "subsets").flatMap((subset) => {
    const ports = listAt(subset, "ports");
    const addresses = listAt(subset, "addresses").map((address) => textAt(address, "ip"));
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((address) => `${address}:${numberAt(port, "port")}`));
  });
  const shown = all.slice(0, MAX_ENDPOINTS).join(",");
  return orNone(all.length > MAX_ENDPOINTS ? `${shown} + ${all.length - MAX_ENDPOINTS} more...` : shown);
};

/** `kubectl get endpoints`. */
export const ENDPOINTS_TABLE = simpleTable([[column("Endpoints"), endpointsOf]]);

const ACCESS_MODES: { readonly [mode: string]: string } = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

const modesOf = (modes: readonly unknown[]): string => [...new Set(modes)].map((mode) => ACCESS_MODES[String(mode)] ?? "").join(",");

const claimOf = (volume: ApiObject): string => {
  const name = textAt(volume, "spec.claimRef.name");
  return valueAt(volume, "spec.claimRef") === undefined ? "" : `${textAt(volume, "spec.claimRef.namespace")}/${name}`;
};

const phaseOf = (object: ApiObject): string =>
  object.metadata?.deletionTimestamp === undefined ? textAt(object, "status.phase") : "Terminating";

/** `kubectl get persistentvolumes`. */
export const VOLUME_TABLE = simpleTable(
  [
    [column("Capacity"), (object) => textAt(object, "spec.capacity.storage", "0")],
    [column("Access Modes"), (object) => modesOf(listAt(object, "spec.accessModes"))],
    [column("Reclaim Policy"), (object) => textAt(object, "spec.persistentVolumeReclaimPolicy")],
    [column("Status"), phaseOf],
    [column("Claim"), claimOf],
    [column("StorageClass"), (object) => textAt(object, "spec.storageClassName")],
    [column("VolumeAttributesClass"), (object) => textAt(object, "spec.volumeAttributesClassName", "<unset>")],
    [column("Reason"), (object) => textAt(object, "status.reason")],
  ],
  [[column("VolumeMode"), (object) => textAt(object, "spec.volumeMode", "<unset>")]],
);

const isBound = (claim: ApiObject): boolean => textAt(claim, "spec.volumeName") !== "";

/** `kubectl get persistentvolumeclaims`. */
export const CLAIM_TABLE = simpleTable(
  [
    [column("Status"), phaseOf],
    [column("Volume"), (object) => textAt(object, "spec.volumeName")],
    [column("Capacity"), (object) => (isBound(object) ? textAt(object, "status.capacity.storage", "0") : "")],
    [column("Access Modes"), (object) => (isBound(object) ? modesOf(listAt(object, "status.accessModes")) : "")],
    [column("StorageClass"), (object) => textAt(object, "spec.storageClassName")],
    [column("VolumeAttributesClass"), (object) => textAt(object, "spec.volumeAttributesClassName", "<unset>")],
  ],
  [[column("VolumeMode"), (object) => textAt(object, "spec.volumeMode", "<unset>")]],
);

const firstSeenOf = (event: ApiObject, nowMs: number): string =>
  formatAge(valueAt(event, "firstTimestamp") ?? valueAt(event, "eventTime"), nowMs);

const lastSeenOf = (event: ApiObject, nowMs: number): string => {
  const series = valueAt(event, "series");
  if (series !== undefined) return formatAge(valueAt(series, "lastObservedTime"), nowMs);
  const last = valueAt(event, "lastTimestamp");
  return typeof last === "string" ? formatAge(last, nowMs) : firstSeenOf(event, nowMs);
};

const targetOf = (event: ApiObject): string => {
  const kind = textAt(event, "involvedObject.kind").toLowerCase();
  const name = textAt(event, "involvedObject.name");
  return name === "" ? kind : `${kind}/${name}`;
};

const sourceOf = (event: ApiObject): string => {
  const component = textAt(event, "source.component") || textAt(event, "reportingComponent");
  const instance = textAt(event, "source.host") || textAt(event, "reportingInstance");
  return instance === "" ? component : `${component}, ${instance}`;
};

/** `kubectl get events`, of core/v1. */
export const EVENT_TABLE: TableDefinition = {
  columns: [
    column("Last Seen"),
    column("Type"),
    column("Reason"),
    column("Object"),
    column("Subobject", 1),
    column("Source", 1),
    column("Message"),
    column("First Seen", 1),
    column("Count", 1),
    { ...NAME, priority: 1 },
  ],
  cells: (event, nowMs) => [
    lastSeenOf(event, nowMs),
    textAt(event, "type"),
    textAt(event, "reason"),
    targetOf(event),
    textAt(event, "involvedObject.fieldPath"),
    sourceOf(event),
    textAt(event, "message").trim(),
    firstSeenOf(event, nowMs),
    numberAt(event, "series.count") || numberAt(event, "count") || 1,
    nameOf(event),
  ],
};

/** A name with dots is no path. */
const textIn = (object: ApiObject, path: string, name: string): string => {
  const value = mapAt(object, path)[name];
  return typeof value === "string" ? value : "0";
};

const amountsOf = (quota: ApiObject, isLimit: boolean): string =>
  Object.keys(mapAt(quota, "status.hard"))
    .toSorted()
    .filter((name) => name.startsWith("limits") === isLimit)
    .map((name) => `${name}: ${textIn(quota, "status.used", name)}/${textIn(quota, "status.hard", name)}`)
    .join(", ");

/** `kubectl get resourcequotas`. */
export const QUOTA_TABLE: TableDefinition = {
  columns: [NAME, column("Request"), column("Limit"), AGE],
  cells: (quota, nowMs) => [nameOf(quota), amountsOf(quota, false), amountsOf(quota, true), ageOf(quota, nowMs)],
};
