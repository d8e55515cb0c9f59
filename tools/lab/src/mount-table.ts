import { readFileSync } from "node:fs";
import { runCommand } from "./command.ts";

/** One line of /proc/self/mountinfo, as far as the lab needs it. */
export interface MountLine {
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly superOptions: string;
  readonly isShared: boolean;
}

const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Parses mountinfo (proc_pid_mountinfo(5)); lines are in mount order. */
export const parseMountTable = (text: string): MountLine[] => {
  const lines: MountLine[] = [];
  for (const line of text.split("\n")) {
    const [before, after] = line.split(" - ");
    if (before === undefined || after === undefined) continue;
    const [, , , root = "", mountPoint = "", , ...optional] = before.split(" ");
    const [fsType = "", , superOptions = ""] = after.split(" ");
    lines.push({
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      fsType,
      superOptions,
      isShared: optional.some((field) => field.startsWith("shared:")),
    });
  }
  return lines;
};

/** The mounts of this process's mount namespace. */
export const readMountTable = (): MountLine[] => parseMountTable(readFileSync("/proc/self/mountinfo", "utf8"));

/**
 * Mount points at or below a folder, innermost and youngest first: the order in which they can be unmounted. Each once: where a folder is
 * mounted on itself and shared, as a kubelet's is, the table shows every mount twice, and both go together.
 */
export const listMountPointsBelow = (dir: string): string[] => [
  ...new Set(
    readMountTable()
      .map((line) => line.mountPoint)
      .filter((point) => point === dir || point.startsWith(`${dir}/`))
      .toReversed(),
  ),
];

/** umount(8) adds up the codes of what it could not do: none of them matters here. */
const ANY_CODE = Array.from({ length: 256 }, (_, code) => code);

/** Unmounts everything at or below a folder; what stays busy is detached, so that the folder can be deleted safely. */
export const unmountBelow = async (dir: string): Promise<void> => {
  for (const flags of [[], ["--lazy"]]) {
    const points = listMountPointsBelow(dir);
    if (points.length === 0) return;
    // In slices, because the argument list has a limit; the table tells what is left.
    for (let start = 0; start < points.length; start += 200) {
      await runCommand(["umount", ...flags, "--", ...points.slice(start, start + 200)], { okCodes: ANY_CODE });
    }
  }
};

/** Mount propagation from kubelet to containers needs shared mounts: systemd makes them so at boot, a bare container or VM does not. */
export const shareRootMount = async (onProgress: (message: string) => void): Promise<void> => {
  if (readMountTable().findLast((line) => line.mountPoint === "/")?.isShared) return;
  onProgress("making / a shared mount (mount --make-rshared /), as systemd does at boot; it stays so");
  await runCommand(["mount", "--make-rshared", "/"]);
};
