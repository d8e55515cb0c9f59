import { readdir, readFile, statfs } from "node:fs/promises";
import { arch, endianness } from "node:os";
import { join } from "node:path";
import { NodeStatusError } from "./errors.ts";
import type { MachineFacts } from "./facts.ts";

/** What {@link readMachineFacts} takes. */
export interface MachineFactsOptions {
  /** Where /proc, /sys and /etc are: `/`, or a captured tree. */
  readonly root: string;
  /** A path on the filesystem pods' ephemeral storage is on: the kubelet's root directory. Default: `root`. */
  readonly diskPath?: string | undefined;
  /** As Node spells it. Default: this machine's. */
  readonly arch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Read = (...paths: readonly string[]) => Promise<string | undefined>;

/** The first of the files that can be read, trimmed (device-tree files end with a NUL). */
const reader =
  ({ root, signal }: MachineFactsOptions): Read =>
  async (...paths) => {
    for (const path of paths) {
      try {
        const text = await readFile(join(root, path), { encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
        return text.replaceAll("\u0000", "").trim();
      } catch {
        signal?.throwIfAborted();
      }
    }
    return undefined;
  };

const GO_ARCHITECTURES: { readonly [node: string]: string } = { x64: "amd64", ia32: "386", mipsel: "mipsle" };

/** Go's name of Node's architecture. */
const goArchitecture = (name: string): string => {
  if (name === "ppc64") return endianness() === "LE" ? "ppc64le" : "ppc64";
  return GO_ARCHITECTURES[name] ?? name;
};

/** CPUs in a kernel list such as `0-3,5`; 0 when it is no such list. */
const countListed = (list: string): number => {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/u.test(list)) return 0;
  return list.split(",").reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + Math.max(0, last - first + 1);
  }, 0);
};

const readCpus = async (read: Read): Promise<number> => {
  const online = countListed((await read("sys/devices/system/cpu/online")) ?? "");
  if (online >= 1) return online;
  return ((await read("proc/cpuinfo")) ?? "").match(/^processor\s*:/gmu)?.length ?? 0;
};

const memoryBytes = (meminfo: string, name: string): bigint | undefined => {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "mu").exec(meminfo)?.[1];
  return kib === undefined ? undefined : BigInt(kib) * 1024n;
};

const HUGEPAGES = "sys/kernel/mm/hugepages";

const readHugePages = async (read: Read, root: string): Promise<MachineFacts["hugePages"]> => {
  const names = await readdir(join(root, HUGEPAGES)).catch(() => []);
  const sizes = names.flatMap((name) => {
    const kib = /^hugepages-(\d+)kB$/u.exec(name)?.[1];
    return kib === undefined ? [] : [{ name, sizeBytes: BigInt(kib) * 1024n }];
  });
  const pages = await Promise.all(
    sizes.map(async ({ name, sizeBytes }) => {
      const count = (await read(`${HUGEPAGES}/${name}/nr_hugepages`)) ?? "";
      return { sizeBytes, pages: /^\d+$/u.test(count) ? BigInt(count) : 0n };
    }),
  );
  return pages.toSorted((a, b) => (a.sizeBytes < b.sizeBytes ? -1 : 1));
};

/** PRETTY_NAME of os-release, `Linux` where it has none. */
const prettyName = (release: string | undefined): string => {
  const name = /^PRETTY_NAME=(.*)$/mu.exec(release ?? "")?.[1]?.trim() ?? "";
  return name.replaceAll(/^["']|["']$/gu, "") || "Linux";
};

const bootTimeMs = (stat: string | undefined): number | undefined => {
  const seconds = /^btime (\d+)$/mu.exec(stat ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
};

/**
 * Reads the machine from the files the reference reads (cAdvisor's machine info). What a machine does not have is empty or 0; without
 * memory or CPUs it is no machine: throws `unreadable-machine`.
 */
export const readMachineFacts = async (options: MachineFactsOptions): Promise<MachineFacts> => {
  const { root, diskPath = root, signal } = options;
  const read = reader(options);
  const meminfo = (await read("proc/meminfo")) ?? "";
  const memory = memoryBytes(meminfo, "MemTotal");
  const cpus = await readCpus(read);
  if (memory === undefined) throw new NodeStatusError("unreadable-machine", `read the machine below ${root}: no MemTotal in proc/meminfo`);
  if (!(cpus >= 1)) throw new NodeStatusError("unreadable-machine", `read the machine below ${root}: no CPUs in sys or proc`);
  const disk = await statfs(diskPath, { bigint: true }).catch((cause: unknown) => {
    throw new NodeStatusError("unreadable-machine", `read the size of the filesystem of ${diskPath}`, { cause });
  });
  signal?.throwIfAborted();
  return {
    machineId: (await read("etc/machine-id", "var/lib/dbus/machine-id")) ?? "",
    systemUuid:
      (await read("sys/class/dmi/id/product_uuid", "proc/device-tree/system-id", "proc/device-tree/vm,uuid", "etc/machine-id")) ?? "",
    bootId: (await read("proc/sys/kernel/random/boot_id")) ?? "",
    kernelVersion: (await read("proc/sys/kernel/osrelease")) ?? "",
    osImage: prettyName(await read("etc/os-release", "usr/lib/os-release")),
    operatingSystem: "linux",
    architecture: goArchitecture(options.arch ?? arch()),
    cpus,
    memoryBytes: memory,
    swapBytes: memoryBytes(meminfo, "SwapTotal") ?? 0n,
    hugePages: await readHugePages(read, root),
    diskBytes: disk.blocks * disk.bsize,
    diskInodes: disk.files,
    bootTimeMs: bootTimeMs(await read("proc/stat")),
  };
};
