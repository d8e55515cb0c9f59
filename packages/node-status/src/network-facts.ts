import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { noopLogger, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import type { InterfaceFact, NetworkFacts } from "./facts.ts";
import type { NetworkPort } from "./ports.ts";

/** What {@link createNetworkFacts} takes. */
export interface NetworkFactsOptions {
  /** The name DNS is asked for. */
  readonly nodeName: string;
  /** Where /proc is. Default `/`. */
  readonly root?: string;
  /** How long DNS may take before the last answer, or none, is used. Default 2000. */
  readonly lookupTimeoutMs?: number;
  /** Addresses of a name. Default: the machine's resolver, as getaddrinfo does it. */
  readonly lookupAddresses?: (name: string) => Promise<readonly string[]>;
  /** The machine's interfaces. Default: those of Node, which are the ones that are up and have an address. */
  readonly listInterfaces?: () => readonly InterfaceFact[];
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const systemLookup = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true, order: "verbatim" })).map(({ address }) => address);

const systemInterfaces = (): readonly InterfaceFact[] =>
  Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    isLoopback: addresses.some(({ internal }) => internal),
    addresses: addresses.map(({ address }) => address),
  }));

const ZERO_V4 = "00000000";
const ZERO_V6 = "0".repeat(32);

/** Interfaces of the default routes in /proc/net/route. */
export const parseIpv4Routes = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => {
    const [name, destination] = line.trim().split(/\s+/u);
    return name !== undefined && destination === ZERO_V4 ? [name] : [];
  });

/** The same of /proc/net/ipv6_route; routes without a gateway are the loopback's. */
export const parseIpv6Routes = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/u);
    const name = fields[9];
    return name !== undefined && fields[0] === ZERO_V6 && fields[4] !== ZERO_V6 ? [name] : [];
  });

/** The machine's interfaces, default routes and DNS name. Remembers the last answer of DNS for when it fails for a while. */
export const createNetworkFacts = (options: NetworkFactsOptions): NetworkPort => {
  const { nodeName, root = "/", lookupTimeoutMs = 2000, clock = systemClock, logger = noopLogger } = options;
  const { lookupAddresses = systemLookup, listInterfaces = systemInterfaces } = options;
  let lastResolved: readonly string[] = [];

  const resolve = async (signal: AbortSignal): Promise<readonly string[]> => {
    using deadline = withDeadline({ signal, timeoutMs: lookupTimeoutMs, clock, what: `looking up ${nodeName}` });
    try {
      lastResolved = await raceSignal(lookupAddresses(nodeName), deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      logger.debug("the node's name is not in DNS", { name: nodeName, error, lastKnown: lastResolved });
    }
    return lastResolved;
  };
  const readRoutes = async (): Promise<NetworkFacts["defaultRoutes"]> => {
    const ipv4 = await readFile(join(root, "proc/net/route"), "utf8").catch(() => undefined);
    if (ipv4 === undefined) return undefined;
    const ipv6 = await readFile(join(root, "proc/net/ipv6_route"), "utf8").catch(() => "");
    return { ipv4: parseIpv4Routes(ipv4), ipv6: parseIpv6Routes(ipv6) };
  };

  return {
    read: async ({ lookup: isAsked, signal }) => ({
      interfaces: listInterfaces(),
      defaultRoutes: await readRoutes(),
      resolved: isAsked ? await resolve(signal) : [],
    }),
  };
};
