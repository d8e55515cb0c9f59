import type { KubeletSettings } from "@nk/kubelet-config";
import { findResolvConfProblem, parseResolvConf } from "@nk/pod-sync";
import { promptFiles } from "@nk/stdx";
import type { EventLog } from "./event-log.ts";

/** The reference's limit of a resolv.conf; nothing that is a hosts file is longer either. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** The text of a file of the node that pods' files are made from. A device has none, e.g. /dev/null, by which some say "nothing". */
export const readLimited = async (path: string): Promise<string> => {
  const stats = await promptFiles.stat(path);
  if (stats.isCharacterDevice()) return "";
  // A pipe would be waited for, and everything else with it.
  if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
  const { size } = stats;
  if (size > MAX_FILE_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MAX_FILE_BYTES}`);
  return await promptFiles.readFile(path, "utf8");
};

/** Tells once, at start, that pods will not get all of the node's search domains, or that their file cannot be read. */
export const reportResolvConf = async (
  { resolvConf: path, clusterDomain }: Pick<KubeletSettings, "resolvConf" | "clusterDomain">,
  events: Pick<EventLog, "recordNode">,
): Promise<void> => {
  if (path === "") return;
  const report = (message: string): void => events.recordNode({ type: "Warning", reason: "CheckLimitsForResolvConf", message });
  try {
    const problem = findResolvConfProblem(parseResolvConf(await readLimited(path)), { path, clusterDomain });
    if (problem !== undefined) report(problem);
  } catch (error) {
    report(error instanceof Error ? error.message : String(error));
  }
};
