import type { RandomSource } from "@nk/stdx";
import type { ApiObject, Store } from "../../contracts.ts";
import { SERVICE_TABLE } from "../../tables/core-tables.ts";
import { duplicate, invalid, invalidObject, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../field-error.ts";
import type { KindDefinition, WriteContext } from "../kind-definition.ts";
import { checkLabel } from "../names.ts";
import { listAt, mapAt, numberAt, textAt, valueAt } from "../read-path.ts";
import { statusSubresource } from "../status.ts";
import { checkPortName, checkPortNumber } from "./pod/validate-probes.ts";
import { addressIndex, addressOf, SERVICE_CIDR } from "./service-addresses.ts";

const SERVICES = { group: "", resource: "services" };
const TYPES: readonly string[] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];
const NODE_PORTS = { first: 30_000, count: 2768 };
const MAX_TRIES = 1000;

type Spec = { readonly [field: string]: unknown };

const withPortDefaults = (port: unknown): Spec => {
  const fields = port as Spec;
  const target = fields["targetPort"];
  return {
    ...fields,
    protocol: fields["protocol"] || "TCP",
    targetPort: target === undefined || target === 0 || target === "" ? numberAt(port, "port") : target,
  };
};

const applyDefaults = (service: ApiObject): ApiObject => {
  const spec = mapAt(service, "spec");
  const type = textAt(spec, "type", "ClusterIP");
  const ports = listAt(spec, "ports");
  const isOpen = type === "NodePort" || type === "LoadBalancer";
  return {
    ...service,
    spec: {
      ...spec,
      ...(ports.length === 0 ? {} : { ports: ports.map(withPortDefaults) }),
      type,
      sessionAffinity: textAt(spec, "sessionAffinity", "None"),
      ...(isOpen ? { externalTrafficPolicy: textAt(spec, "externalTrafficPolicy", "Cluster") } : {}),
      ...(type === "LoadBalancer" ? { allocateLoadBalancerNodePorts: spec["allocateLoadBalancerNodePorts"] ?? true } : {}),
      ...(type === "ExternalName" ? {} : { internalTrafficPolicy: textAt(spec, "internalTrafficPolicy", "Cluster") }),
    },
    status: { loadBalancer: {}, ...mapAt(service, "status") },
  };
};

const takenAddresses = (store: Store): ReadonlySet<string> =>
  new Set(store.list(SERVICES).items.flatMap((service) => listAt(service, "spec.clusterIPs").map(String)));

/** @throws ApiError 422 */
const allocateAddress = (service: ApiObject, { store, random }: { readonly store: Store; readonly random: RandomSource }): string => {
  const asked = textAt(service, "spec.clusterIP") || textAt(service, "spec.clusterIPs.0");
  const taken = takenAddresses(store);
  const refuse = (why: string): never => {
    const error = invalid("spec.clusterIPs", [asked], `failed to allocate IP ${asked}: ${why}`);
    throw invalidObject({ group: "", kind: "Service" }, service.metadata?.name ?? "", [error]);
  };
  if (asked !== "") {
    if (addressIndex(asked) === undefined) refuse("the provided network does not match the current range");
    if (taken.has(asked)) refuse("provided IP is already allocated");
    return asked;
  }
  for (let left = MAX_TRIES; left > 0; left -= 1) {
    const address = addressOf(1 + Math.floor(random() * (SERVICE_CIDR.size - 2)));
    if (!taken.has(address)) return address;
  }
  return refuse("range is full");
};

const withNodePorts = (ports: readonly unknown[], { store, random }: WriteContext): readonly unknown[] => {
  const taken = new Set(
    store.list(SERVICES).items.flatMap((service) => listAt(service, "spec.ports").map((port) => numberAt(port, "nodePort"))),
  );
  return ports.map((port) => {
    if (numberAt(port, "nodePort") > 0) return port;
    let nodePort = 0;
    do nodePort = NODE_PORTS.first + Math.floor(random() * NODE_PORTS.count);
    while (taken.has(nodePort) && taken.size < NODE_PORTS.count);
    taken.add(nodePort);
    return { ...(port as Spec), nodePort };
  });
};

const allocate = (service: ApiObject, context: WriteContext): ApiObject => {
  const spec = mapAt(service, "spec");
  const type = textAt(spec, "type");
  if (type === "ExternalName") return { ...service, status: { loadBalancer: {} } };
  const isHeadless = textAt(spec, "clusterIP") === "None" || listAt(spec, "clusterIPs")[0] === "None";
  const address = isHeadless ? "None" : allocateAddress(service, context);
  // What has no selector either may be of any family.
  const isAny = isHeadless && Object.keys(mapAt(spec, "selector")).length === 0;
  const hasNodePorts = type === "NodePort" || (type === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false);
  return {
    ...service,
    spec: {
      ...spec,
      ...(hasNodePorts ? { ports: withNodePorts(listAt(spec, "ports"), context) } : {}),
      clusterIP: address,
      clusterIPs: [address],
      ipFamilies: listAt(spec, "ipFamilies").length > 0 ? spec["ipFamilies"] : isAny ? ["IPv4", "IPv6"] : ["IPv4"],
      ipFamilyPolicy: textAt(spec, "ipFamilyPolicy", isAny ? "RequireDualStack" : "SingleStack"),
    },
    status: { loadBalancer: {} },
  };
};

const KEPT = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const;

/** What was allocated stays, also for a client that leaves it out. */
const keepAllocated = (next: ApiObject, current: ApiObject, context: WriteContext): ApiObject => {
  const [spec, old] = [mapAt(next, "spec"), mapAt(current, "spec")];
  if (textAt(spec, "type") === "ExternalName") return next;
  if (textAt(old, "type") === "ExternalName") return { ...allocate(next, context), status: next["status"] };
  const kept = Object.fromEntries(
    KEPT.filter((name) => spec[name] === undefined && old[name] !== undefined).map((name) => [name, old[name]]),
  );
  const isOpen = textAt(spec, "type") === "NodePort" || textAt(spec, "type") === "LoadBalancer";
  const known = new Map(
    listAt(old, "ports").map((port) => [`${textAt(port, "protocol")}/${numberAt(port, "port")}`, numberAt(port, "nodePort")]),
  );
  const ports = listAt(spec, "ports").map((port) => {
    const nodePort = known.get(`${textAt(port, "protocol")}/${numberAt(port, "port")}`) ?? 0;
    return numberAt(port, "nodePort") > 0 || nodePort === 0 ? port : { ...(port as Spec), nodePort };
  });
  return { ...next, spec: { ...spec, ...kept, ...(isOpen ? { ports: withNodePorts(ports, context) } : {}) } };
};

const validateTarget = (port: unknown, field: string): readonly FieldError[] => {
  const target = valueAt(port, "targetPort");
  const problems = typeof target === "string" ? checkPortName(target) : checkPortNumber(numberAt(port, "targetPort"));
  return problems.map((text) => invalid(field, target ?? 0, text));
};

const validatePort = (
  port: unknown,
  field: string,
  { isOnly, names }: { readonly isOnly: boolean; readonly names: Set<string> },
): readonly FieldError[] => {
  const name = textAt(port, "name");
  const number = numberAt(port, "port");
  const isTwice = name !== "" && names.has(name);
  names.add(name);
  return [
    ...(name === "" ? (isOnly ? [] : [required(`${field}.name`)]) : checkLabel(name).map((text) => invalid(`${field}.name`, name, text))),
    ...(isTwice ? [duplicate(`${field}.name`, name)] : []),
    ...(number >= 1 && number <= 65_535 ? [] : [invalid(`${field}.port`, number, "must be between 1 and 65535, inclusive")]),
    ...validateTarget(port, `${field}.targetPort`),
    ...(PROTOCOLS.includes(textAt(port, "protocol")) ? [] : [notSupported(`${field}.protocol`, textAt(port, "protocol"), PROTOCOLS)]),
  ];
};

const validate = (service: ApiObject): readonly FieldError[] => {
  const type = textAt(service, "spec.type");
  const ports = listAt(service, "spec.ports");
  const isHeadless = textAt(service, "spec.clusterIP") === "None";
  const names = new Set<string>();
  return [
    ...(ports.length === 0 && !isHeadless && type !== "ExternalName" ? [required("spec.ports")] : []),
    ...ports.flatMap((port, index) => validatePort(port, `spec.ports[${index}]`, { isOnly: ports.length === 1, names })),
    ...(TYPES.includes(type) ? [] : [notSupported("spec.type", type, TYPES)]),
    ...(type === "ExternalName" && textAt(service, "spec.externalName") === "" ? [required("spec.externalName")] : []),
  ];
};

/** core/v1 Service. Addresses and node ports are given out; nothing routes them. */
export const SERVICE: KindDefinition = {
  group: "",
  version: "v1",
  resource: "services",
  singular: "service",
  kind: "Service",
  type: "core.Service",
  namespaced: true,
  shortNames: ["svc"],
  categories: ["all"],
  table: SERVICE_TABLE,
  selectableFields: {
    "spec.clusterIP": (object) => textAt(object, "spec.clusterIP"),
    "spec.type": (object) => textAt(object, "spec.type"),
  },
  strategy: {
    validateName: checkLabel,
    returnsDeleted: true,
    createsOnUpdate: true,
    applyDefaults,
    prepareCreate: allocate,
    prepareUpdate: keepAllocated,
    validateCreate: validate,
    validateUpdate: (next, current) => {
      const old = textAt(current, "spec.clusterIP");
      const address = textAt(next, "spec.clusterIP");
      const isMoved = old !== "" && address !== old && textAt(next, "spec.type") !== "ExternalName";
      return [...validate(next), ...(isMoved ? [invalid("spec.clusterIPs[0]", address, "may not change once set")] : [])];
    },
  },
  subresources: [statusSubresource()],
};
