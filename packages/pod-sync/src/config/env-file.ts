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
      // No character has more than three bytes for each of its units, so that most lines need not be measured.
      if (line.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(line) > MAX_LINE_BYTES) throw new Error(`line ${count} is too long`);
      return line.endsWith("\r") ? line.slice(0, -1) : line;
    },
    line: () => count,
  };
};

/** Reads the value of a variable; empty when the file does not set it. */
export type ReadEnvFileValue = (key: string) => string;

/**
 * Reads variables of an env file. The format is a part of POSIX shell's: `NAME='value'`, with comments, blank lines and values over several
 * lines (pkg/kubelet/util/env, KEP-3721). What comes after the variable that is asked for is not looked at, and no line is looked at twice,
 * however many are asked for. Throws when a line before the variable is not of that format; the message quotes nothing of the file.
 */
export const createEnvFileReader = (text: string): ReadEnvFileValue => {
  const scanner = scannerOf(text);
  const values = new Map<string, string>();
  let problem: Error | undefined;
  const fail = (why: string, line = scanner.line()): Error => new Error(`invalid environment variable format at line ${line}: ${why}`);

  const readQuoted = (first: string): string => {
    const startLine = scanner.line();
    const lines: string[] = [];
    for (let rest: string | undefined = first; ; rest = scanner.next()) {
      if (rest === undefined) throw fail("unclosed single quote", startLine);
      const end = rest.indexOf("'");
      if (end === -1) {
        lines.push(rest);
        continue;
      }
      const after = withoutIndent(rest.slice(end + 1));
      if (after !== "" && !after.startsWith("#")) throw fail("unexpected content after closing quote");
      return [...lines, rest.slice(0, end)].join("\n");
    }
  };
  /** The next variable; undefined at the end. */
  const readNext = (): { readonly name: string; readonly value: string } | undefined => {
    for (let line = scanner.next(); line !== undefined; line = scanner.next()) {
      const shown = withoutIndent(line);
      if (shown === "" || shown.startsWith("#")) continue;
      const equals = shown.indexOf("=");
      if (equals === -1) throw fail("missing '='");
      const name = shown.slice(0, equals);
      if (/^[ \t]*$/u.test(name)) throw fail("empty variable name");
      if (/[ \t]$/u.test(name)) throw fail("whitespace before '=' is not allowed");
      const assigned = shown.slice(equals + 1);
      // As a shell has it, the variable is empty and a command follows.
      if (/^[ \t]/u.test(assigned)) return { name, value: "" };
      if (!assigned.startsWith("'")) throw fail("value must be enclosed in single quotes");
      return { name, value: readQuoted(assigned.slice(1)) };
    }
    return undefined;
  };
  const advance = (): string | undefined => {
    try {
      const found = readNext();
      // The first one counts.
      if (found !== undefined && !values.has(found.name)) values.set(found.name, found.value);
      return found?.name;
    } catch (error) {
      problem = error as Error;
      throw error;
    }
  };
  return (key) => {
    const known = values.get(key);
    if (known !== undefined) return known;
    if (problem !== undefined) throw problem;
    for (let name = advance(); name !== undefined; name = advance()) if (name === key) break;
    return values.get(key) ?? "";
  };
};
