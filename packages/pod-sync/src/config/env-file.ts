/** bufio.MaxScanTokenSize, with which the reference reads lines: what does not fit is an error. */
const MAX_LINE_BYTES = 65_535;

const withoutIndent = (text: string): string => text.replace(/^[ \t]+/u, "");

/** Lines as the reference's scanner gives them: without their end, `\r\n` included; undefined for one that is too long. */
const scannerOf = (text: string): { next(): string | undefined; line(): number } => {
  let position = 0;
  let count = 0;
  return {
    next: () => {
      if (position >= text.length) return undefined;
      const end = text.indexOf("\n", position);
      const line = text.slice(position, end === -1 ? undefined : end);
      position = end === -1 ? text.length : end + 1;
      count += 1;
      if (Buffer.byteLength(line) > MAX_LINE_BYTES) throw new Error(`line ${count} is too long`);
      return line.endsWith("\r") ? line.slice(0, -1) : line;
    },
    line: () => count,
  };
};

/**
 * The value of a variable in an env file; empty when the file does not set it. The format is a part of POSIX shell's: `NAME='value'`, with
 * comments, blank lines and values over several lines (pkg/kubelet/util/env, KEP-3721). What comes after the variable is not looked at.
 * Throws when a line before it is not of that format; the message quotes nothing of the file.
 */
export const readEnvFileValue = (text: string, key: string): string => {
  const scanner = scannerOf(text);
  const fail = (why: string, line = scanner.line()): Error => new Error(`invalid environment variable format at line ${line}: ${why}`);

  const readQuoted = (first: string): string => {
    const startLine = scanner.line();
    let value = "";
    for (let rest: string | undefined = first; ; rest = scanner.next()) {
      if (rest === undefined) throw fail("unclosed single quote", startLine);
      const end = rest.indexOf("'");
      if (end === -1) {
        value += `${rest}\n`;
        continue;
      }
      const after = withoutIndent(rest.slice(end + 1));
      if (after !== "" && !after.startsWith("#")) throw fail("unexpected content after closing quote");
      return value + rest.slice(0, end);
    }
  };

  for (let line = scanner.next(); line !== undefined; line = scanner.next()) {
    const text = withoutIndent(line);
    if (text === "" || text.startsWith("#")) continue;
    const equals = text.indexOf("=");
    if (equals === -1) throw fail("missing '='");
    const name = text.slice(0, equals);
    if (/^[ \t]*$/u.test(name)) throw fail("empty variable name");
    if (/[ \t]$/u.test(name)) throw fail("whitespace before '=' is not allowed");
    const assigned = text.slice(equals + 1);
    if (/^[ \t]/u.test(assigned)) {
      // As a shell has it, the variable is empty and a command follows.
      if (name === key) return "";
      continue;
    }
    if (!assigned.startsWith("'")) throw fail("value must be enclosed in single quotes");
    const value = readQuoted(assigned.slice(1));
    if (name === key) return value;
  }
  return "";
};
