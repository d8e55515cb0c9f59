import { CniError } from "./errors.ts";
import { normalizeCidr, normalizeIp } from "./ip-address.ts";

/** A port of the host that leads into the container. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  /** Default, by the plugin: tcp. */
  readonly protocol?: "tcp" | "udp" | "sctp" | undefined;
  /** The host's address it is bound to; default all. */
  readonly hostIP?: string | undefined;
}

/** Limits of traffic: rates in bits per second, bursts in bits. */
export interface Bandwidth {
  readonly ingressRate?: number | undefined;
  readonly ingressBurst?: number | undefined;
  readonly egressRate?: number | undefined;
  readonly egressBurst?: number | undefined;
}

/** A pool of addresses, as the host-local plugin understands it. */
export interface IpRange {
  readonly subnet: string;
  readonly rangeStart?: string | undefined;
  readonly rangeEnd?: string | undefined;
  readonly gateway?: string | undefined;
}

/** The well-known capabilities (CONVENTIONS.md of CNI), and any other by its name. A plugin sees only those that its configuration declares. */
export interface CapabilityArgs {
  readonly portMappings?: readonly PortMapping[] | undefined;
  readonly bandwidth?: Bandwidth | undefined;
  /** One list of pools for each address that is wanted. */
  readonly ipRanges?: readonly (readonly IpRange[])[] | undefined;
  /** Hardware address, `c2:11:22:33:44:55`. */
  readonly mac?: string | undefined;
  /** Addresses with or without prefix. */
  readonly ips?: readonly string[] | undefined;
  /** Eight bytes, `c2:11:22:33:44:55:66:77`. */
  readonly infinibandGUID?: string | undefined;
  /** E.g. a PCI address, `0000:04:00.5`. */
  readonly deviceID?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly dns?:
    | {
        readonly servers?: readonly string[] | undefined;
        readonly searches?: readonly string[] | undefined;
        readonly options?: readonly string[] | undefined;
      }
    | undefined;
  readonly cgroupPath?: string | undefined;
  readonly [capability: string]: unknown;
}

/** Says what is wrong with a value, or nothing. */
type Check = (value: unknown) => string | undefined;

const fieldsOf = (value: unknown): { readonly [key: string]: unknown } | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: unknown }) : undefined;

const text =
  (accepts: (text: string) => boolean, expected: string): Check =>
  (value) =>
    typeof value === "string" && accepts(value) ? undefined : `must be ${expected}`;

/** "[0].hostPort lacks…": a place, then what is wrong there. */
const at = (place: string, problem: string): string => `${place}${/^[[.]/.test(problem) ? "" : " "}${problem}`;

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return "must be a list";
    for (const [index, item] of value.entries()) {
      const problem = check(item);
      if (problem !== undefined) return at(`[${index}]`, problem);
    }
    return undefined;
  };

/** An object whose known fields are sound; others pass, as plugins may know more of them. */
const objectOf =
  (checks: { readonly [key: string]: Check }, required: readonly string[] = []): Check =>
  (value) => {
    const fields = fieldsOf(value);
    if (fields === undefined) return "must be an object";
    const missing = required.find((key) => fields[key] === undefined);
    if (missing !== undefined) return `lacks ${missing}`;
    for (const [key, check] of Object.entries(checks)) {
      const problem = fields[key] === undefined ? undefined : check(fields[key]);
      if (problem !== undefined) return at(`.${key}`, problem);
    }
    return undefined;
  };

const wholeNumber =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const ANY_TEXT = text(() => true, "a text");
const NAME = text((value) => value !== "", "a text that is not empty");
const IP = text((value) => normalizeIp(value) !== undefined, "an address such as 10.1.0.5");
const CIDR = text((value) => normalizeCidr(value) !== undefined, "a subnet such as 10.1.0.0/16");
const IP_OR_CIDR = text(
  (value) => (normalizeIp(value) ?? normalizeCidr(value)) !== undefined,
  "an address such as 10.1.0.5 or 10.1.0.5/16",
);
const PROTOCOL = text((value) => ["tcp", "udp", "sctp"].includes(value.toLowerCase()), "tcp, udp or sctp");
const HOST_IP = text((value) => value === "" || normalizeIp(value) !== undefined, "an address such as 10.1.0.5");
const RATE = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const bytesInHex = (count: number): Check =>
  text(
    (value) => new RegExp(`^[0-9a-f]{2}(:[0-9a-f]{2}){${count - 1}}$`, "i").test(value),
    `${count} bytes in hexadecimal with colons between them`,
  );

const CHECKS: { readonly [capability: string]: Check } = {
  portMappings: listOf(
    objectOf({ hostPort: wholeNumber(1, 65_535), containerPort: wholeNumber(1, 65_535), protocol: PROTOCOL, hostIP: HOST_IP }, [
      "hostPort",
      "containerPort",
    ]),
  ),
  bandwidth: objectOf({ ingressRate: RATE, ingressBurst: RATE, egressRate: RATE, egressBurst: RATE }),
  ipRanges: listOf(listOf(objectOf({ subnet: CIDR, rangeStart: IP, rangeEnd: IP, gateway: IP }, ["subnet"]))),
  mac: bytesInHex(6),
  ips: listOf(IP_OR_CIDR),
  infinibandGUID: bytesInHex(8),
  deviceID: NAME,
  aliases: listOf(NAME),
  dns: objectOf({ servers: listOf(IP), searches: listOf(ANY_TEXT), options: listOf(ANY_TEXT) }),
  cgroupPath: NAME,
};

/**
 * Checks the well-known capability arguments before any plugin sees them; others pass as they are.
 * @throws CniError "invalid-argument", naming the field
 */
export const checkCapabilityArgs = (args: CapabilityArgs): void => {
  for (const [name, value] of Object.entries(args)) {
    const problem = value === undefined || !Object.hasOwn(CHECKS, name) ? undefined : CHECKS[name]?.(value);
    if (problem !== undefined)
      throw new CniError("invalid-argument", `cannot use capability argument ${at(name, problem)}: ${JSON.stringify(value).slice(0, 200)}`);
  }
};
