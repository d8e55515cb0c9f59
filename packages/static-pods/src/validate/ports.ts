import { isIP } from "node:net";
import type { ContainerPort } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { whyNotPortName } from "./names.ts";
import { checkBetween, checkOneOf } from "./rules.ts";

/** What is seen of ports while the containers of one pod are checked. */
export interface PortContext {
  readonly hostNetwork: boolean;
  /** `protocol/ip/port` of the host ports so far; the check adds to it. */
  readonly hostPorts: Set<string>;
}

const MAX_PORT = 65_535;

/** Reports a port that is neither a number in range nor a port's name. */
export const checkPortRef = (port: number | string, field: Field): void => {
  if (typeof port === "number") {
    checkBetween(port, field, { min: 1, max: MAX_PORT });
    return;
  }
  const why = whyNotPortName(port);
  if (why !== undefined) field.invalid(port, why);
};

const checkHostPort = (port: ContainerPort, field: Field, context: PortContext): void => {
  const { hostPort } = port;
  if (!hostPort) return;
  checkBetween(hostPort, field, { min: 1, max: MAX_PORT });
  if (context.hostNetwork && hostPort !== port.containerPort)
    field.invalid(hostPort, "must match `containerPort` when `hostNetwork` is true");
  const key = `${port.protocol ?? "TCP"}/${port.hostIP ?? ""}/${hostPort}`;
  if (context.hostPorts.has(key)) field.duplicate(key);
  context.hostPorts.add(key);
};

/** The ports of one container. */
export const validatePorts = (ports: readonly ContainerPort[] | undefined, list: Field, context: PortContext): void => {
  const names = new Set<string>();
  forEachItem(ports, list, (port, field) => {
    if (port.containerPort === 0) field.at("containerPort").required();
    else checkBetween(port.containerPort, field.at("containerPort"), { min: 1, max: MAX_PORT });
    checkHostPort(port, field.at("hostPort"), context);
    checkOneOf(port.protocol, field.at("protocol"), ["SCTP", "TCP", "UDP"]);
    if (port.hostIP !== undefined && port.hostIP !== "" && isIP(port.hostIP) === 0) {
      field.at("hostIP").invalid(port.hostIP, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    if (port.name === undefined || port.name === "") return;
    const why = whyNotPortName(port.name);
    if (why !== undefined) field.at("name").invalid(port.name, why);
    if (names.has(port.name)) field.at("name").duplicate(port.name);
    names.add(port.name);
  });
};
