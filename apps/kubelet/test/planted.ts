import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Values that must not be seen, by what they are. */
export type Planted = ReadonlyMap<string, string>;

/** A value that is nowhere else in the world. */
export const plant = (purpose: string): string => `${purpose}-${randomBytes(12).toString("hex")}`;

/** The base64 of a value as part of a longer one: what is the same whatever stands around it, for each of the three ways to lie in it. */
const base64Parts = (value: string): readonly string[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${"x".repeat(offset)}${value}`).toString("base64");
    // The first characters hold bits of what stands before, the last ones of what follows.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -4);
  });

/** Which of the planted values a text shows, plainly or in base64. */
export const findPlanted = (planted: Planted, text: string): readonly string[] =>
  [...planted].flatMap(([purpose, value]) => {
    if (text.includes(value)) return [purpose];
    return base64Parts(value).some((part) => text.includes(part)) ? [`${purpose}, in base64`] : [];
  });

/** One file below a folder. */
export interface FoundFile {
  readonly path: string;
  readonly text: string;
  /** Whether anybody on the host can read it, given that they can enter the folder where the search began. */
  readonly isOpenToAll: boolean;
}

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_ENTER = 0o001;

/** Reads all files below a folder; links are not followed. */
export const readFilesBelow = (dir: string, isReachable = true): readonly FoundFile[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return readFilesBelow(path, isReachable && (statSync(path).mode & OTHERS_MAY_ENTER) !== 0);
    if (!entry.isFile()) return [];
    const isOpenToAll = isReachable && (statSync(path).mode & OTHERS_MAY_READ) !== 0;
    return [{ path, text: readFileSync(path, "latin1"), isOpenToAll }];
  });
