import type { ServiceEnv } from "./node-facts.ts";

const variableName = (text: string): string => text.replaceAll("-", "_").toUpperCase();

const joinHostPort = (host: string, port: number): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);

const variablesOf = (service: ServiceEnv): readonly (readonly [string, string])[] => {
  const prefix = variableName(service.name);
  const variables: (readonly [string, string])[] = [[`${prefix}_SERVICE_HOST`, service.clusterIp]];
  for (const [index, { name = "", port, protocol = "TCP" }] of service.ports.entries()) {
    const url = `${protocol.toLowerCase()}://${joinHostPort(service.clusterIp, port)}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) variables.push([`${prefix}_SERVICE_PORT`, `${port}`], [`${prefix}_PORT`, url]);
    if (name !== "") variables.push([`${prefix}_SERVICE_PORT_${variableName(name)}`, `${port}`]);
    variables.push(
      [portPrefix, url],
      [`${portPrefix}_PROTO`, protocol.toLowerCase()],
      [`${portPrefix}_PORT`, `${port}`],
      [`${portPrefix}_ADDR`, service.clusterIp],
    );
  }
  return variables;
};

/** Which services a pod sees. */
export interface ServiceVisibility {
  readonly namespace: string;
  readonly enableServiceLinks: boolean;
}

/**
 * Service variables of a pod: those of `kubernetes` in `default` always, those of its own namespace when enableServiceLinks; of two
 * services of one name its own namespace's wins (getServiceEnvVarMap and pkg/kubelet/envvars).
 */
export const computeServiceEnv = (services: readonly ServiceEnv[], to: ServiceVisibility): ReadonlyMap<string, string> => {
  const visible = new Map<string, ServiceEnv>();
  for (const service of services) {
    if (service.namespace === "default" && service.name === "kubernetes") visible.set(service.name, service);
  }
  for (const service of services) {
    if (to.enableServiceLinks && service.namespace === to.namespace) visible.set(service.name, service);
  }
  return new Map([...visible.values()].flatMap(variablesOf));
};
