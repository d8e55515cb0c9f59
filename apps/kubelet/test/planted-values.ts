import { randomBytes } from "node:crypto";

/** Values that no program but the one they are for may show. */
export interface PlantedValues {
  /** A new value with everything in it that a writer might escape. */
  plantText(name: string): string;
  /** A new value of letters and digits: for headers, tokens and passwords. Default length 24, at least 12. */
  plantWord(name: string, length?: number): string;
  /** A secret that somebody else made, of which the end is unguessable. */
  plantKnown(name: string, value: string): void;
  /** Where in a text there is a piece of a planted value; one finding a value. */
  findIn(text: string): readonly string[];
}

/** So many characters of a value count as a leak of it: what quotes a value often cuts it. */
const WINDOW = 10;
/** How much of the end of a foreign secret is looked for. */
const KNOWN_LENGTH = 40;

/** What base64 makes of a text wherever in a longer one it begins: the characters that depend on nothing else. */
const base64Forms = (text: string): readonly string[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.from("\0".repeat(offset) + text, "latin1")
      .toString("base64")
      .replace(/=+$/u, "");
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  });

/**
 * The forms of a core. It has only letters and digits, which escaping for JSON, YAML, shells and URLs leaves alone, so those forms need no
 * entry here. Twice in base64 is a login in the data of a Secret.
 */
const formsOf = (core: string): readonly string[] => {
  const once = base64Forms(core);
  const all = [core, Buffer.from(core).toString("hex"), ...once, ...once.flatMap(base64Forms)];
  return [...all, ...all.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
};

const word = (length: number): string => {
  let text = "";
  while (text.length < length)
    text += randomBytes(length)
      .toString("base64")
      .replaceAll(/[^A-Za-z0-9]/gu, "");
  return text.slice(0, length);
};

/** Starts without any value. */
export const createPlantedValues = (): PlantedValues => {
  const windows = new Map<string, string>();
  const remember = (name: string, core: string): void => {
    for (const form of formsOf(core)) for (let at = 0; at + WINDOW <= form.length; at += 1) windows.set(form.slice(at, at + WINDOW), name);
  };
  const plantWord = (name: string, length: number = 24): string => {
    const core = word(length);
    remember(name, core);
    return core;
  };
  return {
    plantWord,
    plantText: (name) => `"${plantWord(name)}"\\ %20&+<é>\n${plantWord(name)}\n`,
    plantKnown: (name, value) => remember(name, value.slice(-KNOWN_LENGTH)),
    findIn: (text) => {
      const found = new Map<string, string>();
      for (let at = 0; at + WINDOW <= text.length; at += 1) {
        const name = windows.get(text.slice(at, at + WINDOW));
        if (name !== undefined && !found.has(name)) found.set(name, `${name}: ${text.slice(Math.max(0, at - 160), at + 80)}`);
      }
      return [...found.values()];
    },
  };
};
