import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { LabError } from "./errors.ts";
import { readStartTicks } from "./processes.ts";

/** Where live labs are written down, outside their own folders so that a sweep finds them wherever they are. */
export const SLOTS_DIR = "/run/nk-lab";
const SLOT_COUNT = 200;
const HOST_FILE = join(SLOTS_DIR, "host.json");

/** All that is needed to remove a lab without its owner: names follow from the slot's number, so two labs never share one. */
export interface LabRecord {
  readonly slot: number;
  /** `nk-lab-<slot>`: also the name of the CNI network. */
  readonly name: string;
  readonly dir: string;
  readonly ownerPid: number;
  readonly ownerStartTicks: number;
  readonly bridgeName: string;
  /** An IPv4 /24 in CIDR notation. */
  readonly subnet: string;
  /** Absolute cgroup path, the same in every hierarchy. */
  readonly cgroupRoot: string;
}

const slotFile = (slot: number): string => join(SLOTS_DIR, `${slot}.json`);

/** True while the process that owns the lab runs. */
export const isOwnerAlive = (record: Pick<LabRecord, "ownerPid" | "ownerStartTicks">): boolean =>
  readStartTicks(record.ownerPid) === record.ownerStartTicks;

/** Every lab on this host, live or left behind. */
export const listLabRecords = (): LabRecord[] => {
  const records: LabRecord[] = [];
  for (const name of listFiles(SLOTS_DIR)) {
    if (!/^\d+\.json$/.test(name)) continue;
    try {
      records.push(JSON.parse(readFileSync(join(SLOTS_DIR, name), "utf8")) as LabRecord);
    } catch {
      // Being written or being removed right now.
    }
  }
  return records;
};

/** Removes slot files without content, whose makers were killed in the middle of a claim; young ones are being written. */
export const removeBrokenSlots = (): void => {
  for (const name of listFiles(SLOTS_DIR)) {
    const path = join(SLOTS_DIR, name);
    const facts = /^\d+\.json$/.test(name) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (facts?.size === 0 && systemClock.nowMs() - facts.mtimeMs > 10_000) rmSync(path, { force: true });
  }
};

const listFiles = (dir: string): string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

/** The first three bytes of every routed IPv4 network of prefix 16 or longer, as "10.231.4": such a subnet is taken. */
const listRoutedNetworks = (): Set<string> => {
  const taken = new Set<string>();
  for (const line of readFileSync("/proc/net/route", "utf8").split("\n").slice(1)) {
    const destination = Buffer.from(line.split("\t")[1] ?? "", "hex").toReversed();
    if (destination.length === 4) taken.add(`${destination[0]}.${destination[1]}.${destination[2]}`);
  }
  return taken;
};

/** Claims a free slot atomically for this process. `makeDir` names the lab's folder once the slot is known. */
export const claimSlot = (makeDir: (name: string) => string): LabRecord => {
  mkdirSync(SLOTS_DIR, { recursive: true });
  const ownerPid = process.pid;
  const ownerStartTicks = readStartTicks(ownerPid) ?? 0;
  const routed = listRoutedNetworks();
  for (let slot = 1; slot <= SLOT_COUNT; slot++) {
    if (routed.has(`10.231.${slot}`)) continue;
    let fd: number;
    try {
      fd = openSync(slotFile(slot), "wx");
    } catch {
      continue;
    }
    const name = `nk-lab-${slot}`;
    const names = { bridgeName: `nklab${slot}`, subnet: `10.231.${slot}.0/24`, cgroupRoot: `/${name}` };
    try {
      const record: LabRecord = { slot, name, dir: makeDir(name), ownerPid, ownerStartTicks, ...names };
      writeSync(fd, JSON.stringify(record));
      return record;
    } catch (error) {
      rmSync(slotFile(slot), { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  }
  throw new LabError("no-free-slot", `all ${SLOT_COUNT} lab slots in ${SLOTS_DIR} are taken`);
};

/** Takes over a dead owner's lab, so that of two sweeps only one cleans it; false when the other one was faster. */
export const takeOverSlot = (record: LabRecord): LabRecord | undefined => {
  const mine = { ...record, ownerPid: process.pid, ownerStartTicks: readStartTicks(process.pid) ?? 0 };
  const lock = join(SLOTS_DIR, `${record.slot}.lock`);
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
  } catch {
    const holder = Number(readLock(lock));
    if (readStartTicks(holder) === undefined) rmSync(lock, { force: true });
    return undefined;
  }
  try {
    const current = listLabRecords().find((other) => other.slot === record.slot);
    if (current === undefined || isOwnerAlive(current)) return undefined;
    writeFileSync(`${lock}.new`, JSON.stringify(mine));
    renameSync(`${lock}.new`, slotFile(record.slot));
    return mine;
  } finally {
    rmSync(lock, { force: true });
  }
};

const readLock = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Gives the slot free; true if no other lab is on the host, so that the caller puts the host back as it was. */
export const releaseSlot = (record: LabRecord): boolean => {
  rmSync(slotFile(record.slot), { force: true });
  return listLabRecords().length === 0;
};

/** Settings of the host that labs change, as they were before the first one. */
export interface HostBefore {
  /** Content of net.ipv4.ip_forward. */
  readonly ipForward: string;
}

/** Writes down how the host was, unless another lab has done so. */
export const noteHostBefore = (before: HostBefore): void => {
  try {
    writeFileSync(HOST_FILE, JSON.stringify(before), { flag: "wx" });
  } catch {
    // The first lab's note stands.
  }
};

/** How the host was before the first lab, read once and forgotten; undefined if another last lab was faster. */
export const takeHostBefore = (): HostBefore | undefined => {
  try {
    const before = JSON.parse(readFileSync(HOST_FILE, "utf8")) as HostBefore;
    rmSync(HOST_FILE);
    return before;
  } catch {
    return undefined;
  }
};
