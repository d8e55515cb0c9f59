import { readdirSync, readFileSync } from "node:fs";

/** A small text file without its last line's end; undefined when it cannot be read. */
export const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
};

/** A file that holds one whole number. */
export const readNumber = (path: string): number | undefined => {
  const text = readText(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
};

/** The numbers in the names of a directory's entries that a pattern matches, ascending; none when there is no such directory. */
export const listNumbered = (directory: string, pattern: RegExp): readonly number[] =>
  listNames(directory)
    .flatMap((name) => {
      const match = pattern.exec(name);
      return match ? [Number(match[1])] : [];
    })
    .toSorted((a, b) => a - b);

/** The names in a directory, sorted; none when there is no such directory. */
export const listNames = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
};
