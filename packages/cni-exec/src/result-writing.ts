import { CniError } from "./errors.ts";
import type { JsonObject } from "./go-json.ts";
import { ipFamilyOf } from "./ip-address.ts";
import { asJson, parseResult } from "./result.ts";
import type { CniResult } from "./result.ts";
import { isAtLeast, isSpecVersion } from "./spec-version.ts";
import type { CniSpecVersion } from "./spec-version.ts";

/** A list only when it holds something, as libcni writes it. */
const listOf = (items: readonly object[]): JsonObject[string] => (items.length === 0 ? undefined : items.map(asJson));

const writeOldFamily = (result: CniResult, family: 4 | 6): JsonObject | undefined => {
  const ip = result.ips.find(({ address }) => ipFamilyOf(address) === family);
  if (ip === undefined) return undefined;
  // Mtu and the other properties of routes came later.
  const routes = result.routes.filter(({ dst }) => ipFamilyOf(dst) === family).map(({ dst, gw }) => ({ dst, gw }));
  return { ip: ip.address, gateway: ip.gateway, routes: listOf(routes) };
};

const writeOldResult = (result: CniResult, cniVersion: CniSpecVersion): JsonObject => {
  const [ip4, ip6] = [writeOldFamily(result, 4), writeOldFamily(result, 6)];
  // A plugin of that time may leave them out all the same; loopback does.
  if (ip4 === undefined && ip6 === undefined && isAtLeast(result.cniVersion, "0.3.0"))
    throw new CniError("unsupported", `cannot write a CNI result in version ${cniVersion}: it has no address, which that version demands`);
  return { cniVersion, ip4, ip6, dns: asJson(result.dns) };
};

/**
 * Writes a result in the form of a version, as libcni does: what that version cannot say is left out (0.1 and 0.2 have no interfaces and one
 * address of each family; before 1.0 an interface has neither mtu, socketPath nor pciID).
 * @throws CniError "unsupported" for a result without an address in 0.1 and 0.2
 */
export const formatResult = (result: CniResult, version: CniSpecVersion = result.cniVersion): JsonObject => {
  if (!isAtLeast(version, "0.3.0")) return writeOldResult(result, version);
  if (isAtLeast(version, "1.0.0")) {
    return {
      cniVersion: version,
      interfaces: listOf(result.interfaces),
      ips: listOf(result.ips.map(({ address, gateway, interface: index }) => ({ address, gateway, interface: index }))),
      routes: listOf(result.routes),
      dns: Object.keys(result.dns).length === 0 ? undefined : asJson(result.dns),
    };
  }
  return {
    cniVersion: version,
    interfaces: listOf(result.interfaces.map(({ name, mac, sandbox }) => ({ name, mac, sandbox }))),
    ips: listOf(result.ips.map((ip) => ({ version: String(ipFamilyOf(ip.address)), ...ip }))),
    routes: listOf(result.routes),
    // Libcni writes it even when it is empty.
    dns: asJson(result.dns),
  };
};

/**
 * A result as JSON, converted into the form of another version.
 * @throws CniError as {@link parseResult} and {@link formatResult} do
 */
export const convertResult = (json: unknown, version: string): JsonObject => {
  if (!isSpecVersion(version))
    throw new CniError("incompatible-version", `cannot convert a CNI result to version "${version}", which is not known`);
  return formatResult(parseResult(json), version);
};
