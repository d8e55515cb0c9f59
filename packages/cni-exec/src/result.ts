import { CniError } from "./errors.ts";
import { createFieldReader } from "./fields.ts";
import type { FieldReader } from "./fields.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { isJsonObject } from "./go-json.ts";
import { normalizeCidr, normalizeIp } from "./ip-address.ts";
import { compareSpecVersions, CURRENT_SPEC_VERSION, isAtLeast, isSpecVersion } from "./spec-version.ts";
import type { CniSpecVersion } from "./spec-version.ts";

/** A network interface that an attachment made or uses. */
export interface CniInterface {
  readonly name: string;
  /** Hardware address. */
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  /** The network namespace it is in; absent for one of the host's. */
  readonly sandbox?: string | undefined;
  readonly socketPath?: string | undefined;
  readonly pciID?: string | undefined;
}

/** An address of an attachment. */
export interface CniIp {
  /** With its prefix, e.g. `10.1.0.5/16`. */
  readonly address: string;
  readonly gateway?: string | undefined;
  /** Index into the result's `interfaces`. */
  readonly interface?: number | undefined;
  /** "4" or "6", as plugins say it in 0.3 and 0.4, where some leave it empty; the address says the same. */
  readonly version?: string | undefined;
}

/** A route of an attachment. */
export interface CniRoute {
  /** In CIDR notation. */
  readonly dst: string;
  readonly gw?: string | undefined;
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly priority?: number | undefined;
  readonly table?: number | undefined;
  readonly scope?: number | undefined;
}

/** What a container's resolver is to be told. */
export interface CniDns {
  readonly nameservers?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** What an attachment has brought about, in the shape of CNI 1.1 whichever version the plugins speak. */
export interface CniResult {
  /** The version in which the plugins said it. */
  readonly cniVersion: CniSpecVersion;
  /** Empty for plugins older than 0.3.0. */
  readonly interfaces: readonly CniInterface[];
  readonly ips: readonly CniIp[];
  readonly routes: readonly CniRoute[];
  readonly dns: CniDns;
}

const present = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** A text or number that says something: libcni leaves out empty texts and zeros. */
const nonZero = <T extends string | number>(value: T | undefined): T | undefined => (value === "" || value === 0 ? undefined : value);

const readCidr = (reader: FieldReader, key: string): string =>
  normalizeCidr(reader.string(key) ?? "") ?? reader.reject(key, "an address with a prefix, such as 10.1.0.5/16");

const readIp = (reader: FieldReader, key: string): string | undefined => {
  const text = nonZero(reader.string(key));
  return text === undefined ? undefined : (normalizeIp(text) ?? reader.reject(key, "an address, such as 10.1.0.1"));
};

const readRoute = (reader: FieldReader): CniRoute =>
  present({
    dst: readCidr(reader, "dst"),
    gw: readIp(reader, "gw"),
    mtu: nonZero(reader.integer("mtu")),
    advmss: nonZero(reader.integer("advmss")),
    priority: nonZero(reader.integer("priority")),
    // Table and scope 0 are something else than none.
    table: reader.integer("table"),
    scope: reader.integer("scope"),
  });

const readDns = (reader: FieldReader | undefined): CniDns => {
  if (reader === undefined) return {};
  const list = (key: string): readonly string[] | undefined => {
    const items = reader.strings(key);
    return items === undefined || items.length === 0 ? undefined : items;
  };
  return present({
    nameservers: list("nameservers"),
    domain: nonZero(reader.string("domain")),
    search: list("search"),
    options: list("options"),
  });
};

const readInterface = (reader: FieldReader, isRich: boolean): CniInterface =>
  present({
    name: reader.string("name") ?? "",
    mac: nonZero(reader.string("mac")),
    mtu: isRich ? nonZero(reader.integer("mtu")) : undefined,
    sandbox: nonZero(reader.string("sandbox")),
    socketPath: isRich ? nonZero(reader.string("socketPath")) : undefined,
    pciID: isRich ? nonZero(reader.string("pciID")) : undefined,
  });

const readIpConfig = (reader: FieldReader, isRich: boolean): CniIp =>
  present({
    version: isRich ? undefined : reader.string("version"),
    address: readCidr(reader, "address"),
    gateway: readIp(reader, "gateway"),
    interface: reader.integer("interface"),
  });

/** The result of 0.1 and 0.2: at most one address of each family, each with its own routes. */
const readOldResult = (reader: FieldReader, cniVersion: CniSpecVersion): CniResult => {
  const families = [reader.object("ip4"), reader.object("ip6")].filter((family) => family !== undefined);
  return {
    cniVersion,
    interfaces: [],
    ips: families.map((family) => present({ address: readCidr(family, "ip"), gateway: readIp(family, "gateway") })),
    routes: families.flatMap((family) => family.objects("routes").map(readRoute)),
    dns: readDns(reader.object("dns")),
  };
};

const checkVersion = (version: string, fallback: string): CniSpecVersion => {
  const chosen = version === "" ? fallback : version;
  if (isSpecVersion(chosen)) return chosen;
  let isNewer: boolean;
  try {
    isNewer = compareSpecVersions({ version: chosen, other: CURRENT_SPEC_VERSION }) > 0;
  } catch {
    isNewer = false;
  }
  const why = isNewer ? `newer than ${CURRENT_SPEC_VERSION}, the newest known` : "which does not exist";
  throw new CniError("incompatible-version", `cannot read a CNI result of version ${JSON.stringify(chosen.slice(0, 40))}, ${why}`);
};

/**
 * Reads a result as a plugin writes it, of any version. Unknown fields are left out, addresses come in one form, as libcni has it.
 * @param fallbackVersion the version of a result that names none; default 0.1.0, as the specification says
 * @throws CniError "plugin-output" or "incompatible-version"
 */
export const parseResult = (json: unknown, fallbackVersion: CniSpecVersion = "0.1.0"): CniResult => {
  if (!isJsonObject(json)) throw new CniError("plugin-output", "cannot read a CNI result: it is not a JSON object");
  const reader = createFieldReader(
    json,
    "",
    (path, problem) => new CniError("plugin-output", `cannot read a CNI result: ${path} ${problem}`),
  );
  const cniVersion = checkVersion(reader.string("cniVersion") ?? "", fallbackVersion);
  if (!isAtLeast(cniVersion, "0.3.0")) return readOldResult(reader, cniVersion);
  const isRich = isAtLeast(cniVersion, "1.0.0");
  return {
    cniVersion,
    interfaces: reader.objects("interfaces").map((one) => readInterface(one, isRich)),
    ips: reader.objects("ips").map((one) => readIpConfig(one, isRich)),
    routes: reader.objects("routes").map(readRoute),
    dns: readDns(reader.object("dns")),
  };
};

/** The fields of a result as JSON; every one of them is plain data. */
export const asJson = (value: object): JsonValue => value as JsonObject;
