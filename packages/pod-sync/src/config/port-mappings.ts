import { Protocol } from "@nk/cri-api";
import type { PortMapping } from "@nk/cri-api";
import type { Container, ContainerPort, Pod } from "@nk/pod-model";
import { rejectConfig } from "./reject.ts";

const PROTOCOLS: { readonly [name: string]: Protocol } = { TCP: Protocol.TCP, UDP: Protocol.UDP, SCTP: Protocol.SCTP };

/** What makes two ports of a container the same one: their name, else everything they state. */
const portKey = (port: ContainerPort): string => {
  const { name = "", hostIP = "", protocol = "TCP", hostPort = 0 } = port;
  if (name !== "") return name;
  const family = hostIP === "" ? "any" : hostIP.includes(":") ? "v6" : "v4";
  return `${family}-${protocol}-${hostIP}:${port.containerPort}:${hostPort}`;
};

const uniquePorts = (container: Container): readonly ContainerPort[] => {
  const byKey = new Map<string, ContainerPort>();
  for (const port of container.ports ?? []) if (!byKey.has(portKey(port))) byKey.set(portKey(port), port);
  return [...byKey.values()];
};

const MAX_PORT = 65_535;

/** Only a pod that was never validated has another number, and the runtime's message could not hold every one. */
const requirePort = (port: number): number => {
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw rejectConfig(`port ${port} is not valid: must be between 1 and ${MAX_PORT}, inclusive`);
};

/**
 * The ports of the app containers, for the sandbox's network (MakePortMappings in the reference). Those of init containers are not
 * among them; of two ports of one name in a container the first counts. Rejects what is no port's number.
 */
export const computePortMappings = (pod: Pod): readonly PortMapping[] =>
  (pod.spec?.containers ?? []).flatMap(uniquePorts).map((port) => ({
    protocol: PROTOCOLS[port.protocol ?? "TCP"] ?? Protocol.TCP,
    containerPort: requirePort(port.containerPort),
    hostPort: requirePort(port.hostPort ?? 0),
    hostIp: port.hostIP ?? "",
  }));
