import { readTail } from "./read-tail.ts";

/** How much of a log becomes a termination message (pkg/kubelet/container/helpers.go). */
export const LOG_MESSAGE_LIMITS = { lines: 80, bytes: 2048 } as const;

/**
 * Enough for the limits whatever the lines are like: 80 lines have less than 80 x 64 bytes of prefixes, so at least 2048 bytes of text
 * remain, also when the first line read is a piece of a long one.
 */
const TAIL_BYTES = 32 * 1024;

/** `TIME STREAM TAG TEXT`: the CRI log format. */
const LINE = /^\S+ (?:stdout|stderr) (\S+) ?(.*)$/su;

const textOf = (line: string): string => {
  const [, tag, text = ""] = LINE.exec(line) ?? [];
  if (tag === undefined) return `${line}\n`;
  return tag.startsWith("P") ? text : `${text}\n`;
};

/** The text of the last lines of a log in the CRI format, at most 80 lines and 2048 bytes. */
export const readLogMessage = async (logPath: string): Promise<string> => {
  const { bytes } = await readTail(logPath, TAIL_BYTES);
  // Latin-1 keeps one character a byte, so that cutting and decoding come last.
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const text = lines.slice(-LOG_MESSAGE_LIMITS.lines).map(textOf).join("");
  return Buffer.from(text.slice(-LOG_MESSAGE_LIMITS.bytes), "latin1").toString("utf8");
};
