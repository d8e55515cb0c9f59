/** One line of a mountinfo file (proc(5)): the parts that are needed here. */
export interface MountPoint {
  readonly major: number;
  readonly minor: number;
  /** The directory of the filesystem that is mounted; not `/` for a bind mount of a part. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));

const parseLine = (line: string): MountPoint | undefined => {
  const fields = line.split(" ");
  const dash = fields.indexOf("-", 6);
  const device = /^(\d+):(\d+)$/.exec(fields[2] ?? "");
  const [, , , root, mountPoint] = fields;
  if (dash < 0 || device === null || root === undefined || mountPoint === undefined) return undefined;
  return {
    major: Number(device[1]),
    minor: Number(device[2]),
    root: unescape(root),
    mountPoint: unescape(mountPoint),
    fsType: fields[dash + 1] ?? "",
    source: unescape(fields[dash + 2] ?? ""),
    superOptions: (fields[dash + 3] ?? "").split(","),
  };
};

/** The mounts of a mountinfo file in the kernel's order; lines that are none are left out. */
export const parseMountPoints = (text: string | undefined): readonly MountPoint[] =>
  (text ?? "").split("\n").flatMap((line) => parseLine(line) ?? []);
