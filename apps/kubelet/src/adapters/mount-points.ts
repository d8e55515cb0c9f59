import { readFile } from "node:fs/promises";

/** Mount points of this process, from a mountinfo file; the octal escapes of the kernel are undone. */
export const parseMountPoints = (mountinfo: string): readonly string[] =>
  mountinfo
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .map((path) => path.replace(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))));

/** The mount points now. */
export const listMountPoints = async (): Promise<readonly string[]> => parseMountPoints(await readFile("/proc/self/mountinfo", "utf8"));
