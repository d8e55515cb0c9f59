import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { LabPaths } from "./containerd-config.ts";
import type { LabRecord } from "./slots.ts";

/** libcni's cache of results; its place is fixed in containerd. */
const CNI_CACHE_DIRS = ["/var/lib/cni/results", "/var/lib/cni/cache/results", "/var/lib/cni/cache/accounts"];
const IP_FORWARD = "/proc/sys/net/ipv4/ip_forward";

/** Writes the CNI configuration: a bridge of the lab's own, addresses from its own /24, host ports by portmap; no masquerading. */
export const writeCniConfig = async (record: LabRecord, paths: LabPaths): Promise<void> => {
  await mkdir(paths.cniConf, { recursive: true });
  const bridge = {
    type: "bridge",
    bridge: record.bridgeName,
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: { type: "host-local", dataDir: paths.cniData, ranges: [[{ subnet: record.subnet }]], routes: [{ dst: "0.0.0.0/0" }] },
  };
  const list = {
    cniVersion: "1.0.0",
    name: record.name,
    plugins: [bridge, { type: "portmap", capabilities: { portMappings: true }, snat: true }],
  };
  await writeFile(join(paths.cniConf, "10-nk-lab.conflist"), JSON.stringify(list, undefined, 2));
};

/** The lab's bridge and the host ends of its pods' links. */
export const listLabLinks = (record: LabRecord): string[] => {
  if (!existsSync(`/sys/class/net/${record.bridgeName}`)) return [];
  return [...readdirSync(`/sys/class/net/${record.bridgeName}/brif`), record.bridgeName];
};

/** Deletes the links; the ports by name, because the kernel otherwise removes them some time after their namespace went. */
export const removeLabLinks = async (record: LabRecord): Promise<void> => {
  const links = listLabLinks(record);
  if (links.length === 0) return;
  const stdin = links.map((name) => `link delete dev ${name}\n`).join("");
  await runCommand(["ip", "-force", "-batch", "-"], { stdin, okCodes: [0, 1] });
};

/** NAT rules that portmap made for this lab's pods, as lines of iptables-save; its comments name the network. */
const listPortmapRules = async (record: LabRecord): Promise<string[]> => {
  const saved = await runCommand(["iptables-save", "--table", "nat"], { okCodes: [0, 1] });
  return saved.split("\n").filter((line) => line.includes(`name: \\"${record.name}\\"`));
};

/** True if portmap has ever been here since the host booted; asking iptables otherwise would load its kernel modules for nothing. */
const hasNatTable = (): boolean => {
  try {
    return readFileSync("/proc/net/ip_tables_names", "utf8").includes("nat") || readFileSync("/proc/modules", "utf8").includes("nf_tables");
  } catch {
    return true;
  }
};

/** NAT rules left by this lab. */
export const listLabRules = async (record: LabRecord): Promise<string[]> => (hasNatTable() ? listPortmapRules(record) : []);

/** Deletes this lab's NAT rules and chains. */
export const removeLabRules = async (record: LabRecord): Promise<void> => {
  const rules = await listLabRules(record);
  if (rules.length > 0) {
    const chains = new Set(rules.flatMap((line) => /-j (CNI-DN-\w+)/.exec(line)?.[1] ?? []));
    const batch = ["*nat", ...rules.map((line) => line.replace(/^-A/, "-D"))];
    for (const chain of chains) batch.push(`-F ${chain}`, `-X ${chain}`);
    await runCommand(["iptables-restore", "--noflush"], { stdin: [...batch, "COMMIT", ""].join("\n"), okCodes: [0, 1, 2] });
  }
};

/** Deletes the chains that portmap shares between networks, and the jumps to them, once no pod of any network uses them. */
export const removeSharedChains = async (): Promise<void> => {
  if (!hasNatTable()) return;
  const saved = (await runCommand(["iptables-save", "--table", "nat"], { okCodes: [0, 1] })).split("\n");
  const isInUse = saved.some((line) => line.startsWith("-A CNI-HOSTPORT-DNAT"));
  const chains = saved.flatMap((line) => /^:(CNI-HOSTPORT-[A-Z]+) /.exec(line)?.[1] ?? []);
  if (isInUse || chains.length === 0) return;
  const jumps = saved.filter((line) => / -j CNI-HOSTPORT-/.test(line)).map((line) => line.replace(/^-A/, "-D"));
  const batch = ["*nat", ...jumps, ...chains.map((chain) => `-F ${chain}`), ...chains.map((chain) => `-X ${chain}`), "COMMIT", ""];
  await runCommand(["iptables-restore", "--noflush"], { stdin: batch.join("\n"), okCodes: [0, 1, 2] });
};

/** Files of libcni's cache that belong to the lab's network or its containers. */
export const listCniCacheFiles = (record: LabRecord, containerIds: ReadonlySet<string>): string[] => {
  const found: string[] = [];
  for (const dir of CNI_CACHE_DIRS) {
    if (!existsSync(dir)) continue;
    for (const name of readdirSync(dir)) {
      const id = /-([0-9a-f]{64})-/.exec(name)?.[1];
      if (name.startsWith(`${record.name}-`) || (id !== undefined && containerIds.has(id))) found.push(join(dir, name));
    }
  }
  return found;
};

/** Notes whether the host forwards IPv4 packets: the bridge plugin switches it on. */
export const readIpForward = (): string => readFileSync(IP_FORWARD, "utf8").trim();

/** Puts IPv4 forwarding back. */
export const restoreIpForward = (value: string): void => {
  if (value === "0") writeFileSync(IP_FORWARD, "0");
};

/** Removes files that may be gone already. */
export const removeFiles = (paths: readonly string[]): void => {
  for (const path of paths) rmSync(path, { force: true });
};
