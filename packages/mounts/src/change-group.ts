import { constants } from "node:fs";
import { chmod, chown, lchown, open, opendir } from "node:fs/promises";
import { hasErrorCode, MountsError } from "./errors.ts";

const O_PATH = 0o10000000;

/** Each directory on the way is held open. */
const MAX_DEPTH = 256;

const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const DIRECTORY = 0o2110;

/** What {@link changeGroup} takes. */
export interface ChangeGroupRequest {
  /** The file or directory to begin with; it must not be a symbolic link. */
  readonly path: string;
  readonly gid: number;
  /** Whether the group only needs to read. */
  readonly readOnly: boolean;
  /** Called for each file that was changed; must not throw. */
  readonly onFile?: (() => void) | undefined;
}

interface WalkState {
  readonly request: ChangeGroupRequest;
  readonly signal: AbortSignal | undefined;
}

const changeEntry = async (path: string, depth: number, state: WalkState): Promise<void> => {
  const { request, signal } = state;
  signal?.throwIfAborted();
  if (depth > MAX_DEPTH) throw new MountsError("tree-failed", `changing the group of ${request.path} failed: it is nested too deep`);
  let handle;
  try {
    handle = await open(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    // Whoever works in the tree may have removed it.
    if (depth > 0 && hasErrorCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    const stats = await handle.stat();
    const held = `/proc/self/fd/${handle.fd}`;
    if (stats.isSymbolicLink()) {
      // The link itself: its target may be anywhere and is not the volume's.
      await lchown(path, stats.uid, request.gid);
    } else {
      if (stats.isDirectory()) {
        for await (const entry of await opendir(held)) await changeEntry(`${held}/${entry.name}`, depth + 1, state);
      }
      // A change of owner clears setgid, so the mode comes second.
      await chown(held, stats.uid, request.gid);
      const bits = request.readOnly ? READ_ONLY : READ_WRITE;
      await chmod(held, (stats.mode & 0o7777) | bits | (stats.isDirectory() ? DIRECTORY : 0));
    }
    request.onFile?.();
  } finally {
    await handle.close();
  }
};

/**
 * Gives a tree to a group: every file gets the group and its right to read (and write, unless `readOnly`), every directory setgid and the
 * right to enter as well; the directory itself comes last, so that its state tells whether the walk was complete. Symbolic links are given
 * to the group and not followed: each file is held by a descriptor while it is changed, so nothing swapped meanwhile leads out of the tree.
 * Rejects with `tree-failed` or `signal.reason`.
 */
export const changeGroup = async (request: ChangeGroupRequest, options: { readonly signal?: AbortSignal } = {}): Promise<void> => {
  try {
    await changeEntry(request.path, 0, { request, signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof MountsError) throw error;
    throw new MountsError("tree-failed", `changing the group of ${request.path} failed`, { cause: error });
  }
};
