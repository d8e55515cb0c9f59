import { EvictionError } from "./errors.ts";

/** How entries of a command line option are written: `memory.available<100Mi`, `memory.available=1m30s`. */
export interface StatementOptions {
  /** Stands in messages, e.g. `--eviction-hard`. */
  readonly where: string;
  readonly separator: "<" | "=";
}

/** Longer texts are refused unread: there are nine signals. */
const MAX_TEXT_LENGTH = 10_000;

const invalid = (where: string, text: string, why: string): EvictionError =>
  new EvictionError("invalid-threshold", `read ${where}: ${why}`, { where, text });

/**
 * Reads `memory.available<100Mi,nodefs.available<10%` into names and texts, which {@link parseThresholds} reads further. The empty text is no
 * entry. A message names the option and the column, counted from 1.
 * @throws EvictionError `invalid-threshold`, `duplicate-threshold`
 */
export const parseStatements = (text: string, { where, separator }: StatementOptions): { readonly [signal: string]: string } => {
  const found = new Map<string, string>();
  if (text.trim() === "") return {};
  if (text.length > MAX_TEXT_LENGTH) throw invalid(where, text, `longer than ${MAX_TEXT_LENGTH} characters`);
  let at = 0;
  for (const part of text.split(",")) {
    const place = `${where}, column ${at + (part.length - part.trimStart().length) + 1}`;
    at += part.length + 1;
    const statement = part.trim();
    if (statement === "") throw invalid(place, part, "an entry is empty");
    const cut = statement.indexOf(separator);
    if (cut < 1) throw invalid(place, statement, `${JSON.stringify(statement.slice(0, 100))} is not SIGNAL${separator}VALUE`);
    const name = statement.slice(0, cut).trim();
    if (found.has(name))
      throw new EvictionError("duplicate-threshold", `read ${place}: ${name} is stated twice`, { where: place, text: name });
    found.set(name, statement.slice(cut + 1).trim());
  }
  return Object.fromEntries(found);
};
