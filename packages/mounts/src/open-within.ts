import { constants } from "node:fs";
import type { BigIntStats } from "node:fs";
import { mkdir, open, readlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { hasErrorCode, MountsError } from "./errors.ts";

/** Names a file without opening it: no FIFO blocks, no device reacts. Node has no constant for it. */
const O_PATH = 0o10000000;

const HANDLE_FLAGS = O_PATH | constants.O_NOFOLLOW;

/** The kernel's own limit on symbolic links in one path. */
const MAX_LINKS = 40;

/** Each directory on the way is held open. */
const MAX_DEPTH = 256;

const MAX_PATH_BYTES = 4096;

/** A file or directory held by an open descriptor: nobody can put something else in its place. Close it when done. */
export interface HeldFile {
  /** A path that leads to exactly this file in this process, whatever happens to its names. */
  readonly path: string;
  /** The descriptor's number; another process reaches it as `/proc/<pid>/fd/<n>`. */
  readonly descriptor: number;
  readonly stats: BigIntStats;
  close(): Promise<void>;
}

/** What {@link openWithin} takes. */
export interface OpenWithinRequest {
  /** An absolute directory that is trusted: whoever can rename it could mislead everybody. Symbolic links on the way to it are followed. */
  readonly root: string;
  /** Relative path below the root; untrusted. `..` is refused. Empty for the root itself. */
  readonly path: string;
  /** Directories that are missing are made with this mode, exact whatever the umask; default: none is made. */
  readonly createMode?: number | undefined;
}

interface Step {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

const descriptorPath = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`;

const outside = (request: OpenWithinRequest): MountsError =>
  new MountsError("outside-root", `opening ${JSON.stringify(request.path)} below ${request.root} failed: it leads outside`);

const splitPath = (path: string): readonly string[] => path.split("/").filter((part) => part !== "" && part !== ".");

const checkPath = ({ root, path }: OpenWithinRequest): void => {
  const refuse = (why: string): never => {
    throw new MountsError("invalid-path", `opening ${JSON.stringify(path.slice(0, 300))} below ${root} failed: ${why}`);
  };
  if (!root.startsWith("/")) refuse("the root is not absolute");
  if (path.startsWith("/")) refuse("it is absolute");
  if (path.includes("\0")) refuse("it holds a NUL");
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) refuse(`it is longer than ${MAX_PATH_BYTES} bytes`);
  if (path.split("/").includes("..")) refuse("it must not contain '..'");
};

const openStep = async (path: string): Promise<Step> => {
  const handle = await open(path, HANDLE_FLAGS);
  try {
    return { handle, stats: await handle.stat({ bigint: true }) };
  } catch (error) {
    await handle.close();
    throw error;
  }
};

/** Makes a directory in a held one and gives it its mode through a descriptor that cannot be a symbolic link. */
const makeDirectory = async (path: string, mode: number): Promise<void> => {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Somebody else made it meanwhile: it is opened like any other.
    if (hasErrorCode(error, "EEXIST")) return;
    throw error;
  }
  const made = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await made.chmod(mode);
  } finally {
    await made.close();
  }
};

/** The walk from the root to the wanted file: the directories that are held, and the names that are still to be followed. */
class Walk {
  readonly #request: OpenWithinRequest;
  readonly #held: Step[] = [];
  readonly #ahead: string[];
  #links = 0;
  #rootPath = "";

  constructor(request: OpenWithinRequest) {
    this.#request = request;
    this.#ahead = splitPath(request.path).toReversed();
  }

  async run(): Promise<Step> {
    // The root may be reached through links, which are the operator's; what lies below it is not.
    const root = await open(this.#request.root, O_PATH);
    this.#held.push({ handle: root, stats: await root.stat({ bigint: true }) });
    this.#rootPath = await readlink(descriptorPath(root));
    for (let name = this.#ahead.pop(); name !== undefined; name = this.#ahead.pop()) {
      if (name === "..") await this.#leave();
      else await this.#enter(name);
    }
    const last = this.#held.pop();
    if (last === undefined) throw outside(this.#request);
    return last;
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.splice(0).map(({ handle }) => handle.close()));
  }

  #top(): Step {
    const top = this.#held.at(-1);
    if (top === undefined) throw outside(this.#request);
    return top;
  }

  async #leave(): Promise<void> {
    if (this.#held.length <= 1) throw outside(this.#request);
    await this.#held.pop()?.handle.close();
  }

  async #enter(name: string): Promise<void> {
    if (this.#held.length >= MAX_DEPTH) throw this.#refuse("invalid-path", "it is too deep");
    const parent = this.#top();
    if (!parent.stats.isDirectory()) throw this.#refuse("not-found", "a part of it is not a directory");
    const path = `${descriptorPath(parent.handle)}/${name}`;
    const step = await this.#openOrMake(path);
    if (!step.stats.isSymbolicLink()) {
      this.#held.push(step);
      return;
    }
    await step.handle.close();
    await this.#follow(path);
  }

  async #openOrMake(path: string): Promise<Step> {
    const { createMode } = this.#request;
    try {
      return await openStep(path);
    } catch (error) {
      if (!hasErrorCode(error, "ENOENT")) throw error;
      if (createMode === undefined) throw this.#refuse("not-found", "it does not exist", error);
      await makeDirectory(path, createMode);
      return await openStep(path);
    }
  }

  /**
   * A link is only data: its parts are followed like those of the path. A link that somebody swaps between two looks sends us another way
   * inside the root, never outside.
   */
  async #follow(path: string): Promise<void> {
    this.#links += 1;
    if (this.#links > MAX_LINKS) throw this.#refuse("invalid-path", "it has too many symbolic links");
    const target = await readlink(path);
    if (target.startsWith("/")) {
      const isInside = target === this.#rootPath || target.startsWith(this.#rootPath === "/" ? "/" : `${this.#rootPath}/`);
      if (!isInside) throw outside(this.#request);
      while (this.#held.length > 1) await this.#leave();
      this.#ahead.push(...splitPath(target.slice(this.#rootPath.length)).toReversed());
    } else this.#ahead.push(...splitPath(target).toReversed());
    if (this.#ahead.length > MAX_PATH_BYTES) throw this.#refuse("invalid-path", "its symbolic links are too long");
  }

  #refuse(code: "invalid-path" | "not-found", why: string, cause?: unknown): MountsError {
    const { root, path } = this.#request;
    return new MountsError(code, `opening ${JSON.stringify(path)} below ${root} failed: ${why}`, { cause });
  }
}

/**
 * Opens what lies at a path below a root, one component after the other, each held by a descriptor and none followed as a link by the
 * kernel. Links inside the root are followed as long as they stay in it; what others rename or swap meanwhile can change which file of the
 * root is found, but cannot lead out of it. Rejects with `invalid-path`, `outside-root`, `not-found`, or `tree-failed`.
 */
export const openWithin = async (request: OpenWithinRequest): Promise<HeldFile> => {
  checkPath(request);
  const walk = new Walk(request);
  try {
    const { handle, stats } = await walk.run();
    return { path: descriptorPath(handle), descriptor: handle.fd, stats, close: () => handle.close() };
  } catch (error) {
    if (error instanceof MountsError) throw error;
    const code = hasErrorCode(error, "ENOENT", "ENOTDIR") ? "not-found" : "tree-failed";
    throw new MountsError(code, `opening ${JSON.stringify(request.path)} below ${request.root} failed`, { cause: error });
  } finally {
    await walk.close();
  }
};
