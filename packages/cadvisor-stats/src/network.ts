import { readFileSync, readlinkSync } from "node:fs";
import type { InterfaceCounts, NetworkUsage } from "./model.ts";
import { parseBigCount, splitWords } from "./parse.ts";

/** Loopback, and the host's ends of pods and containers: their traffic is counted inside (cAdvisor: isIgnoredDevice). */
const IGNORED = ["lo", "veth", "docker", "nerdctl"];

const isIgnored = (name: string): boolean => IGNORED.some((prefix) => name.toLowerCase().startsWith(prefix));

const parseInterface = (line: string): InterfaceCounts | undefined => {
  const colon = line.indexOf(":");
  if (colon < 0) return undefined;
  const name = line.slice(0, colon).trim();
  const counts = splitWords(line.slice(colon + 1)).map((word) => parseBigCount(word));
  if (name === "" || isIgnored(name) || counts.length !== 16 || counts.includes(undefined)) return undefined;
  const at = (index: number): bigint => counts[index] ?? 0n;
  return {
    name,
    rxBytes: at(0),
    rxPackets: at(1),
    rxErrors: at(2),
    rxDropped: at(3),
    txBytes: at(8),
    txPackets: at(9),
    txErrors: at(10),
    txDropped: at(11),
  };
};

/** The interfaces of a `net/dev` file, loopback and the host's ends of pods left out, as are lines that are no interface. */
export const parseNetDev = (text: string): readonly InterfaceCounts[] => text.split("\n").flatMap((line) => parseInterface(line) ?? []);

/** The inode of a process's network namespace; undefined when the process is gone. */
const readNamespace = (procRoot: string, pid: number): string | undefined => {
  try {
    return /\d+/.exec(readlinkSync(`${procRoot}/${pid}/ns/net`))?.[0];
  } catch {
    return undefined;
  }
};

/** Reads the network of processes; of those that share a namespace once. One reader serves one collection. */
export type NetworkReader = (pid: number) => NetworkUsage | undefined;

export const createNetworkReader = (procRoot: string): NetworkReader => {
  const byNamespace = new Map<string, NetworkUsage>();
  return (pid) => {
    const namespace = readNamespace(procRoot, pid) ?? "";
    const known = namespace === "" ? undefined : byNamespace.get(namespace);
    if (known !== undefined) return known;
    try {
      const usage = { namespace, interfaces: parseNetDev(readFileSync(`${procRoot}/${pid}/net/dev`, "utf8")) };
      if (namespace !== "") byNamespace.set(namespace, usage);
      return usage;
    } catch {
      return undefined;
    }
  };
};
