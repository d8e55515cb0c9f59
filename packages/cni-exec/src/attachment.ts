import { checkCapabilityArgs } from "./capability-args.ts";
import type { CapabilityArgs } from "./capability-args.ts";
import { CniError } from "./errors.ts";
import { isCniName } from "./network-config.ts";

/** One container's interface on one network: what the verbs need to know besides the network. */
export interface Attachment {
  /** The runtime's name for the container: letters, digits, and after the first one also `.`, `_` and `-`. */
  readonly containerId: string;
  /** Path of the network namespace; for deletion "" says that it is gone. */
  readonly netns: string;
  /** The interface's name inside; default `eth0`. */
  readonly ifName?: string | undefined;
  /** CNI_ARGS: pairs of key and value, for every plugin. Plugins refuse keys they do not know unless `IgnoreUnknown=1` is among them. */
  readonly args?: readonly (readonly [key: string, value: string])[] | undefined;
  /** Arguments for those plugins that declare the capability. */
  readonly capabilityArgs?: CapabilityArgs | undefined;
}

/** An attachment without gaps. */
export interface WholeAttachment {
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly args: readonly (readonly [key: string, value: string])[];
  readonly capabilityArgs: CapabilityArgs;
}

/** An attachment as deletion and check take it: what is left out is as it was when it was added. */
export type AttachmentReference = Omit<Attachment, "netns"> & { readonly netns?: string | undefined };

/** An attachment that a garbage collection is to keep. */
export interface AttachmentId {
  readonly containerId: string;
  /** Default `eth0`. */
  readonly ifName?: string | undefined;
}

/** The interface's name when none is given. */
export const DEFAULT_IF_NAME = "eth0";

/** IFNAMSIZ less the final NUL. */
const MAX_IF_NAME_BYTES = 15;

const checkIfName = (ifName: string): string | undefined => {
  if (ifName === "") return "is empty";
  if (Buffer.byteLength(ifName) > MAX_IF_NAME_BYTES) return `is longer than ${MAX_IF_NAME_BYTES} bytes`;
  if (ifName === "." || ifName === ".." || /[/:\s\0]/u.test(ifName)) return "may be neither . nor .. and hold neither / nor : nor blanks";
  return undefined;
};

/**
 * Checks what names an attachment, before it becomes part of an environment or of a path.
 * @throws CniError "invalid-argument"
 */
export const checkAttachmentId = ({ containerId, ifName = DEFAULT_IF_NAME }: AttachmentId): void => {
  const quoted = JSON.stringify(containerId.slice(0, 100));
  if (!isCniName(containerId))
    throw new CniError(
      "invalid-argument",
      `cannot use ${quoted} as a container id: it must be letters, digits, and after the first one also . _ and -`,
    );
  const problem = checkIfName(ifName);
  if (problem !== undefined)
    throw new CniError("invalid-argument", `cannot use ${JSON.stringify(ifName.slice(0, 100))} as an interface's name: it ${problem}`);
};

/**
 * Checks an attachment as a whole.
 * @throws CniError "invalid-argument"
 */
export const checkAttachment = (attachment: AttachmentReference): void => {
  checkAttachmentId(attachment);
  if (attachment.netns?.includes("\0")) throw new CniError("invalid-argument", "cannot use a network namespace's path with a NUL in it");
  for (const [key, value] of attachment.args ?? []) {
    if (key === "" || /[=;\0]/.test(key) || /[;\0]/.test(value))
      throw new CniError("invalid-argument", `cannot use ${JSON.stringify(key)} in CNI_ARGS: keys hold neither = nor ; and values no ;`);
  }
  checkCapabilityArgs(attachment.capabilityArgs ?? {});
};

/** The environment that tells a plugin what to do. */
export const createPluginEnvironment = (
  command: string,
  pluginDirs: readonly string[],
  attachment: Partial<WholeAttachment>,
): { readonly [name: string]: string } => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: attachment.containerId ?? "",
  CNI_NETNS: attachment.netns ?? "",
  CNI_IFNAME: attachment.ifName ?? "",
  CNI_ARGS: (attachment.args ?? []).map((pair) => pair.join("=")).join(";"),
  CNI_PATH: pluginDirs.join(":"),
});
