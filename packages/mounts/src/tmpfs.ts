import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { pid } from "node:process";
import type { Clock } from "@nk/stdx";
import { createCommandBatch } from "./command-batch.ts";
import { MountsError } from "./errors.ts";
import type { RunMountCommand } from "./mount-commands.ts";
import { escapePath } from "./mount-table.ts";
import type { Mounts, TmpfsRequest } from "./mounts.ts";
import { resolveTarget } from "./targets.ts";

/** What mounting works with. */
export interface TmpfsParts {
  readonly rootDir: string;
  /** What is mounted at a path that is real. */
  readonly findReal: Mounts["find"];
  readonly run: RunMountCommand;
  readonly clock: Clock | undefined;
}

interface TmpfsMount {
  /** Real. */
  readonly target: string;
  readonly request: TmpfsRequest;
  readonly signal: AbortSignal | undefined;
}

/** From linux/fcntl.h; node does not name it. A file without a name, which is gone when it is closed. */
const O_TMPFILE = 0o20_000_000 | constants.O_DIRECTORY;

const optionsOf = ({ sizeBytes, mode }: TmpfsRequest, noswap: boolean): string =>
  [
    ...(sizeBytes !== undefined && sizeBytes > 0n ? [`size=${sizeBytes}`] : []),
    ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
    ...(noswap ? ["noswap"] : []),
  ].join(",");

const wantsNoswap = ({ noswap = true }: TmpfsRequest): boolean => noswap;

/** Mounts tmpfs, several with one run of mount(8) when they are asked for at once. */
export const createTmpfsMount = ({ rootDir, findReal, run, clock }: TmpfsParts): Mounts["mountTmpfs"] => {
  // Learned by trying: kernels before 6.4 and user namespaces refuse the option.
  let takesNoswap: boolean | undefined;

  const mountAs = ({ target, request, signal }: TmpfsMount, noswap: boolean): Promise<void> => {
    const options = optionsOf(request, noswap);
    return run("mount", ["-t", "tmpfs", ...(options === "" ? [] : ["-o", options]), "tmpfs", target], {
      what: `mounting a tmpfs on ${target}`,
      signal,
    });
  };
  const mountOne = async (mount: TmpfsMount, isRepeated: boolean): Promise<void> => {
    if (isRepeated && (await findReal(mount.target))?.fsType === "tmpfs") return;
    if (!wantsNoswap(mount.request) || takesNoswap === false) return mountAs(mount, false);
    try {
      await mountAs(mount, true);
      takesNoswap = true;
    } catch (error) {
      // With a cause the program did not come to refuse anything: it was not started, or did not answer.
      if (takesNoswap === true || !(error instanceof MountsError) || error.cause !== undefined) throw error;
      await mountAs(mount, false);
      // Another that succeeded meanwhile knows better why this one failed.
      takesNoswap ??= false;
    }
  };
  /** The lines of a table that has no name: nobody else can change it, and nothing is left of it when this process dies. */
  const mountAll = async (mounts: readonly TmpfsMount[]): Promise<void> => {
    const lines = mounts.map(({ target, request }) => {
      const options = optionsOf(request, wantsNoswap(request) && takesNoswap !== false);
      return `tmpfs ${escapePath(target)} tmpfs ${options === "" ? "defaults" : options} 0 0\n`;
    });
    await using table = await open(rootDir, O_TMPFILE | constants.O_RDWR, 0o600);
    await table.writeFile(lines.join(""));
    await run("mount", ["--all", "--fstab", `/proc/${pid}/fd/${table.fd}`], { what: `mounting ${mounts.length} tmpfs` });
  };
  const add = createCommandBatch<TmpfsMount>(
    {
      one: mountOne,
      all: async (mounts) => {
        const [first, ...rest] = mounts;
        if (takesNoswap !== undefined || first === undefined) return mountAll(mounts);
        await mountOne(first, false);
        await mountAll(rest);
      },
    },
    { clock },
  );
  return async (request, options) => {
    const target = await resolveTarget(rootDir, request.target);
    if ((await findReal(target, options))?.fsType === "tmpfs") return;
    await add({ target, request, signal: options?.signal }, options?.signal);
  };
};
