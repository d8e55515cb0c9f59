import { readFile } from "node:fs/promises";
import type { IdRange } from "@nk/pod-sync";
import { isSubprocessError, runSubprocess } from "@nk/stdx";

/** The user whose subordinate ids pods get, as with the reference. */
const USER = "kubelet";
const TIMEOUT_MS = 10_000;

/** `0: kubelet 65536 2147483648`, and no second line. */
const parseRange = (output: string): IdRange => {
  const lines = output.trim().split("\n");
  if (lines.length !== 1) throw new Error(`error parsing line ${JSON.stringify(output)}: it must contain only one line`);
  const [, , first = "", count = "", ...rest] = output.trim().split(/\s+/u);
  if (rest.length > 0 || !/^\d+$/u.test(first) || !/^\d+$/u.test(count)) throw new Error(`invalid line ${JSON.stringify(output)}`);
  return { firstId: Number(first), count: Number(count) };
};

/** A program that is not there cannot be asked; one that is and cannot be started now, e.g. for want of memory, has not been. */
const isMissing = (error: unknown): boolean =>
  isSubprocessError(error) &&
  error.code === "spawn-failed" &&
  error.cause instanceof Error &&
  "code" in error.cause &&
  (error.cause.code === "ENOENT" || error.cause.code === "EACCES");

/** Where the ids are found; for tests. */
export interface SubordinateIdOptions {
  readonly signal: AbortSignal;
  /** Default /etc/passwd. */
  readonly passwdPath?: string;
  /** Default `getsubids`, of shadow-utils. */
  readonly command?: string;
}

/**
 * The host's ids that the operator set aside for pods (subordinate ids of the user `kubelet`); undefined when none are, or when the host
 * cannot say. Rejects when the user exists and its ids cannot be told: ids that are somebody else's must not be taken (reference:
 * getKubeletMappings, pkg/kubelet/kubelet_pods.go). Unlike there, only users in /etc/passwd count.
 */
export const readSubordinateIds = async (options: SubordinateIdOptions): Promise<IdRange | undefined> => {
  const { signal, passwdPath = "/etc/passwd", command = "getsubids" } = options;
  const passwd = await readFile(passwdPath, "utf8");
  if (!passwd.split("\n").some((line) => line.startsWith(`${USER}:`))) return undefined;
  const ask = async (args: readonly string[], what: string): Promise<string> => {
    const { exitCode, stdout } = await runSubprocess([command, ...args], { signal, timeoutMs: TIMEOUT_MS });
    if (exitCode !== 0) throw new Error(`error retrieving additional ${what} for user ${JSON.stringify(USER)}: exit code ${exitCode}`);
    return stdout;
  };
  try {
    const uids = await ask([USER], "uids");
    const gids = await ask(["-g", USER], "gids");
    if (uids !== gids) throw new Error(`mismatched subuids and subgids for user ${JSON.stringify(USER)}`);
    return parseRange(uids);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
