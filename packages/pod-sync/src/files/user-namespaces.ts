import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@nk/stdx";
import type { PodUid } from "@nk/pod-model";
import type { UserNamespaceMapping } from "../config/namespaces.ts";
import { rejectConfig } from "../config/reject.ts";
import { orIfMissing } from "./file-errors.ts";
import { readTail } from "./read-tail.ts";
import { podDirPath } from "./pod-paths.ts";
import { parseIdRange, renderIdRange } from "./user-namespace-record.ts";
import type { IdRange } from "./user-namespace-record.ts";

/** What {@link openUserNamespaces} takes. */
export interface UserNamespacesOptions {
  /** The kubelet's root directory. A pod's range is kept in `<rootDir>/pods/<uid>/userns`, in the reference's format. */
  readonly rootDir: string;
  /** KubeletConfiguration userNamespaces.idsPerPod, a multiple of 65536; default 65536. */
  readonly idsPerPod?: number;
  /** The host's ids that pods may have; default all from `idsPerPod` on. */
  readonly hostIds?: IdRange;
  /** For how many pods the ids must suffice. */
  readonly maxPods: number;
}

/** Ranges of user and group ids of the host, one for each pod with a user namespace; no two overlap, also over restarts. */
export interface UserNamespaces {
  /**
   * The pod's mapping: the recorded one, else a new one, which is on the disk before anybody knows of it. Calls for one pod must not overlap.
   * Rejects with `ConfigRejectedError` when there is no range left or what is recorded cannot be trusted.
   */
  ensure(uid: PodUid): Promise<UserNamespaceMapping>;
  /** Gives the pod's range back. No process of the pod runs. Does nothing for a pod without one. */
  release(uid: PodUid): Promise<void>;
}

const ID_UNIT = 65_536;
const MAX_ID_COUNT = 2 ** 32;
const MAX_RECORD_BYTES = 64 * 1024;

const recordPath = (rootDir: string, uid: PodUid): string => join(podDirPath({ rootDir, podLogsDir: "" }, uid), "userns");

/** The reference's rules for what it may hand out, in its words. */
const checkOptions = ({ maxPods }: UserNamespacesOptions, idsPerPod: number, { firstId, count }: IdRange): void => {
  const refuse = (why: string): never => {
    throw new RangeError(`cannot map user ids: ${why}`);
  };
  if (idsPerPod % ID_UNIT !== 0 || idsPerPod < ID_UNIT)
    refuse(`kubelet user namespace length ${idsPerPod} is not a multiple of ${ID_UNIT}`);
  if (firstId % idsPerPod !== 0) refuse(`kubelet user assigned ID ${firstId} is not a multiple of ${idsPerPod}`);
  // Mapping the host's root would be no protection.
  if (firstId < idsPerPod) refuse(`kubelet user assigned ID ${firstId} must be greater or equal to ${idsPerPod}`);
  if (count % idsPerPod !== 0) refuse(`kubelet user assigned IDs length ${count} is not a multiple of ${idsPerPod}`);
  if (count / idsPerPod < maxPods) refuse(`kubelet user assigned IDs are not enough to support ${maxPods} pods`);
};

const overlaps = (a: IdRange, b: IdRange): boolean => a.firstId < b.firstId + b.count && b.firstId < a.firstId + a.count;

interface Known {
  readonly ranges: Map<PodUid, IdRange>;
  /** Why what is recorded of a pod cannot be used. */
  readonly broken: Map<PodUid, string>;
}

const readRecord = async (rootDir: string, uid: PodUid, { ranges, broken }: Known): Promise<void> => {
  try {
    const read = await orIfMissing(readTail(recordPath(rootDir, uid), MAX_RECORD_BYTES), undefined);
    if (read === undefined || read.bytes.length === 0) return;
    const parsed = parseIdRange(Buffer.from(read.bytes).toString("utf8"));
    if ("problem" in parsed) broken.set(uid, parsed.problem);
    else if ([...ranges.values()].some((range) => overlaps(range, parsed)))
      broken.set(uid, `range picked for pod ${JSON.stringify(uid)} already taken`);
    else ranges.set(uid, parsed);
  } catch (error) {
    broken.set(uid, `invalid user namespace mappings file: ${error instanceof Error ? error.message : ""}`);
  }
};

/** What an earlier kubelet, also the reference's, has given away. */
const recoverRecords = async (rootDir: string): Promise<Known> => {
  const known: Known = { ranges: new Map(), broken: new Map() };
  const entries = await orIfMissing(readdir(join(rootDir, "pods"), { withFileTypes: true }), []);
  // In one order, so that of two pods with one range it is always the same that has it.
  for (const { name } of entries.filter((entry) => entry.isDirectory()).toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    await readRecord(rootDir, name, known);
  return known;
};

const toMapping = ({ firstId, count }: IdRange): UserNamespaceMapping => {
  const ids = [{ hostId: firstId, containerId: 0, length: count }];
  return { uids: ids, gids: ids };
};

/**
 * Reads what is recorded and hands out ranges from then on (reference: pkg/kubelet/userns). While the record of some pod cannot be read no
 * new range is given to any other, because it might be that pod's; everything else goes on. Throws a `RangeError` for options that cannot be.
 */
export const openUserNamespaces = async (options: UserNamespacesOptions): Promise<UserNamespaces> => {
  const { rootDir, idsPerPod = ID_UNIT } = options;
  const hostIds = options.hostIds ?? { firstId: idsPerPod, count: MAX_ID_COUNT - idsPerPod };
  checkOptions(options, idsPerPod, hostIds);
  const { ranges, broken } = await recoverRecords(rootDir);
  const slots = hostIds.count / idsPerPod;
  // Goes round, so that ids that were just given back rest for as long as possible.
  let next = ranges.size;

  const findFree = (): IdRange => {
    for (let tried = 0; tried < slots; tried += 1) {
      const candidate = { firstId: hostIds.firstId + ((next + tried) % slots) * idsPerPod, count: idsPerPod };
      if ([...ranges.values()].some((range) => overlaps(range, candidate))) continue;
      next = (next + tried + 1) % slots;
      return candidate;
    }
    throw rejectConfig("create user namespace: could not find an empty slot to allocate a user namespace");
  };
  const allocate = async (uid: PodUid): Promise<IdRange> => {
    for (const [other, why] of broken)
      throw rejectConfig(other === uid ? `user namespace: ${why}` : `create user namespace: what pod ${other} has is not known: ${why}`);
    const range = findFree();
    ranges.set(uid, range);
    try {
      const path = recordPath(rootDir, uid);
      await mkdir(podDirPath({ rootDir, podLogsDir: "" }, uid), { recursive: true, mode: 0o750 });
      await writeFileAtomic(path, renderIdRange(range), { mode: 0o644 });
      return range;
    } catch (error) {
      ranges.delete(uid);
      throw error;
    }
  };
  return {
    ensure: async (uid) => {
      const why = broken.get(uid);
      if (why !== undefined) throw rejectConfig(`user namespace: ${why}`);
      return toMapping(ranges.get(uid) ?? (await allocate(uid)));
    },
    release: async (uid) => {
      if (!ranges.has(uid) && !broken.has(uid)) return;
      await rm(recordPath(rootDir, uid), { force: true });
      ranges.delete(uid);
      broken.delete(uid);
    },
  };
};
