import { hasErrorCode } from "./file-errors.ts";
import { readLogMessage } from "./log-message.ts";
import { readTail } from "./read-tail.ts";

/** No container's message is longer; of a longer file the end is shown. */
export const MAX_TERMINATION_MESSAGE_BYTES = 4096;

/** An exited container whose message is wanted. */
export interface TerminationMessageInput {
  /** Host path of the file mounted at the container's terminationMessagePath; absent when nothing is mounted there. */
  readonly hostPath?: string | undefined;
  /** The container's terminationMessagePolicy. */
  readonly policy: string;
  readonly exitCode: number;
  /** The runtime's reason, e.g. `Error` or `ContainerCannotRun`. */
  readonly reason: string;
  /** Absolute path of the container's log. */
  readonly logPath?: string | undefined;
}

const describeError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The file's content; empty when there is none. */
const readMessageFile = async (path: string): Promise<string> => {
  try {
    const { bytes } = await readTail(path, MAX_TERMINATION_MESSAGE_BYTES);
    return Buffer.from(bytes).toString("utf8");
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return "";
    return `Error on reading termination log ${path}: ${describeError(error)}`;
  }
};

/**
 * What an exited container has to say: the file at its terminationMessagePath or, when that is empty, the policy allows it and the container
 * failed by itself, the end of its log (kubelet-facts 5.6). Never throws: what went wrong becomes the message, as in the reference.
 */
export const readTerminationMessage = async (input: TerminationMessageInput): Promise<string> => {
  const message = input.hostPath === undefined ? "" : await readMessageFile(input.hostPath);
  const mayUseLog = input.policy === "FallbackToLogsOnError" && input.exitCode !== 0 && input.reason !== "ContainerCannotRun";
  if (message !== "" || !mayUseLog || input.logPath === undefined) return message;
  try {
    return await readLogMessage(input.logPath);
  } catch (error) {
    return `Error on reading termination message from logs: ${describeError(error)}`;
  }
};
