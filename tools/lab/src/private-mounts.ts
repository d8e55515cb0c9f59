import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { runCommand } from "./command.ts";
import { readMountTable } from "./mount-table.ts";

/** Folders whose place is fixed in the reference kubelet: its device plugins' socket and its links to containers' logs. */
const FIXED_DIRS = ["/var/lib/kubelet", "/var/log/containers"];

/** What the script does: each folder gets an empty file system that nobody else sees, then the program takes the shell's place. */
const SCRIPT = `set -e
for pair in $NK_LAB_COVERED; do
  mount --make-private "\${pair%%=*}"
  mount -t tmpfs -o mode=755 nk-lab "\${pair#*=}"
done
unset NK_LAB_COVERED
exec "$@"`;

const mountPointOf = (path: string): string =>
  readMountTable()
    .map((line) => line.mountPoint)
    .filter((point) => point === "/" || path === point || path.startsWith(`${point}/`))
    .toSorted((a, b) => a.length - b.length)
    .at(-1) ?? "/";

/**
 * A command line that runs a foreign kubelet in a mount namespace of its own, in which the folders it insists on are empty and private, so
 * that nothing of it lands on the host and two of them don't meet. What it mounts below `sharedDir` is seen by the host and its runtime all the same.
 */
export const withPrivateMounts = async (
  argv: readonly [string, ...string[]],
  options: { readonly sharedDir: string },
): Promise<readonly [string, ...string[]]> => {
  const { sharedDir } = options;
  if (mountPointOf(sharedDir) !== sharedDir) await runCommand(["mount", "--bind", sharedDir, sharedDir]);
  // First private: a bind of a shared mount is its peer, and the private copies below would be too.
  await runCommand(["mount", "--make-private", sharedDir]);
  await runCommand(["mount", "--make-shared", sharedDir]);
  const covered = FIXED_DIRS.map((dir) => (existsSync(dir) ? dir : dirname(dir))).filter((dir) => !sharedDir.startsWith(`${dir}/`));
  const pairs = [...new Set(covered)].map((dir) => `${mountPointOf(dir)}=${dir}`).join(" ");
  const assignment = `NK_LAB_COVERED=${pairs}`;
  return ["unshare", "--mount", "--propagation", "unchanged", "env", assignment, "sh", "-c", SCRIPT, "sh", ...argv];
};
