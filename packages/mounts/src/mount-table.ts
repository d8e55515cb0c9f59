import { readFile } from "node:fs/promises";
import { MountsError } from "./errors.ts";

/** One line of a mountinfo file (proc(5)). */
export interface MountEntry {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor` of the filesystem's device. */
  readonly device: string;
  /** The directory of the filesystem that is the root of this mount; not `/` for a bind mount of a part. */
  readonly root: string;
  /** Where it is mounted, as this process sees it: absolute and free of symbolic links. */
  readonly mountPoint: string;
  /** Of this mount: `ro` or `rw`, `nosuid`, `relatime`, ... */
  readonly options: readonly string[];
  /** `shared`: mounts made below are seen by its peers. `slave`: it sees those of its master. */
  readonly propagation: "private" | "shared" | "slave" | "shared-and-slave" | "unbindable";
  readonly fsType: string;
  readonly source: string;
  /** Of the filesystem: `size=1024k` and the like. */
  readonly superOptions: readonly string[];
}

/** The kernel writes blank, tab, newline and backslash as three octal digits, byte by byte. */
const unescapePath = (text: string): string => {
  if (!text.includes("\\")) return text;
  const bytes: number[] = [];
  const raw = Buffer.from(text, "utf8");
  for (let index = 0; index < raw.length; index += 1) {
    const digits = raw[index] === 0x5c ? raw.toString("latin1", index + 1, index + 4) : "";
    if (/^[0-7]{3}$/.test(digits)) {
      bytes.push(Number.parseInt(digits, 8));
      index += 3;
    } else bytes.push(raw[index] ?? 0);
  }
  return Buffer.from(bytes).toString("utf8");
};

const readPropagation = (tags: readonly string[]): MountEntry["propagation"] => {
  if (tags.includes("unbindable")) return "unbindable";
  const isShared = tags.some((tag) => tag.startsWith("shared:"));
  const isSlave = tags.some((tag) => tag.startsWith("master:"));
  if (isShared) return isSlave ? "shared-and-slave" : "shared";
  return isSlave ? "slave" : "private";
};

const parseLine = (line: string): MountEntry | undefined => {
  const fields = line.split(" ");
  const dash = fields.indexOf("-", 6);
  const [id, parentId, device, root, mountPoint, options] = fields;
  if (dash < 0 || id === undefined || parentId === undefined || device === undefined) return undefined;
  if (root === undefined || mountPoint === undefined || options === undefined) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescapePath(root),
    mountPoint: unescapePath(mountPoint),
    options: options.split(","),
    propagation: readPropagation(fields.slice(6, dash)),
    fsType: fields[dash + 1] ?? "",
    source: unescapePath(fields[dash + 2] ?? ""),
    superOptions: (fields[dash + 3] ?? "").split(","),
  };
};

/** The mounts of a mountinfo file in the kernel's order: of two at one place the later one covers the earlier. Broken lines are left out. */
export const parseMountTable = (text: string): readonly MountEntry[] => text.split("\n").flatMap((line) => parseLine(line) ?? []);

/** As the kernel writes a path in a mount table, and as fstab(5) takes it. */
export const escapePath = (path: string): string =>
  path.replaceAll(/[ \t\n\\]/gu, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** The entries at or below a directory; a node has hundreds of mounts and a pod two of them, so only lines that name it are parsed. */
const parseBelow = (text: string, below: string): readonly MountEntry[] => {
  const found: MountEntry[] = [];
  const name = ` ${escapePath(below)}`;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
    const start = text.lastIndexOf("\n", at) + 1;
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const entry = parseLine(text.slice(start, end));
    if (entry !== undefined && isWithin(entry.mountPoint, below)) found.push(entry);
    at = end;
  }
  return found;
};

/** Reads a mountinfo file; with `below` only what is mounted at or below a real path. Rejects with `table-unreadable`. */
export type ReadMountTable = (below?: string) => Promise<readonly MountEntry[]>;

/**
 * Who asks while the file is being read gets what the next read finds, together with everybody else who does: the kernel makes the reader
 * wait for whoever mounts something, and sixty pods that end at once ask sixty times.
 */
export const createMountTableReader = (path: string): ReadMountTable => {
  let current: Promise<string> | undefined;
  let next: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    await current?.catch(() => undefined);
    current = next;
    next = undefined;
    return await readFile(path, "utf8");
  };
  return async (below = "/") => {
    next ??= read();
    try {
      const text = await next;
      // Other bytes may be written in more than one way.
      if (/^[\x20-\x7e]+$/u.test(below) && below !== "/") return parseBelow(text, below);
      return parseMountTable(text).filter(({ mountPoint }) => isWithin(mountPoint, below));
    } catch (error) {
      throw new MountsError("table-unreadable", `reading the mount table ${path} failed`, { cause: error });
    }
  };
};

/** Reads a mountinfo file once; see {@link ReadMountTable}. */
export const readMountTable = (path: string, below?: string): Promise<readonly MountEntry[]> => createMountTableReader(path)(below);

/** Whether `path` is `directory` or lies below it; both normalised. */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
