import { SECTIONS } from "./difference.ts";
import type { Difference, Section } from "./difference.ts";

/** A difference that is known, with its reason. */
export interface ExpectedDifference {
  /** Name of a recording or `*`. */
  readonly scenario: string;
  readonly section: Section;
  /** `*` stands for any text. */
  readonly path: string;
  readonly reason: string;
  readonly line: number;
}

/** A file of expected differences that cannot be read. */
export class ExpectedFileError extends Error {}

const isSection = (text: string): text is Section => SECTIONS.some((section) => section === text);

/** Parses `scenario | section | path | reason`, a line each; `#` begins a comment. @throws ExpectedFileError */
export const parseExpected = (text: string, scenarios: readonly string[]): readonly ExpectedDifference[] =>
  text.split("\n").flatMap((content, index): readonly ExpectedDifference[] => {
    if (content.trim() === "" || content.trimStart().startsWith("#")) return [];
    const [scenario = "", section = "", path = "", ...reason] = content.split(" | ").map((part) => part.trim());
    const at = `line ${index + 1} of the expected differences`;
    if (reason.join("") === "") throw new ExpectedFileError(`${at} has no reason: scenario | section | path | reason`);
    if (!isSection(section)) throw new ExpectedFileError(`${at}: the section is one of ${SECTIONS.join(", ")}, not ${section}`);
    if (scenario !== "*" && !scenarios.includes(scenario)) throw new ExpectedFileError(`${at}: there is no recording ${scenario}`);
    return [{ scenario, section, path, reason: reason.join(" | "), line: index + 1 }];
  });

const matchesPath = (pattern: string, path: string): boolean => {
  const expression = pattern
    .split("*")
    .map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/gu, String.raw`\$&`))
    .join(".*");
  return new RegExp(`^${expression}$`, "su").test(path);
};

const covers = (expected: ExpectedDifference, scenario: string, { section, path }: Difference): boolean =>
  (expected.scenario === "*" || expected.scenario === scenario) && expected.section === section && matchesPath(expected.path, path);

/** What is left of a scenario's differences, and which expectations came true. */
export interface Verdict {
  readonly unexpected: readonly Difference[];
  readonly met: readonly ExpectedDifference[];
  /** Expected of this scenario by name, and not there: as wrong as an unexpected difference. */
  readonly unmet: readonly ExpectedDifference[];
}

/** Judges a scenario's differences by what is expected of it. */
export const judge = (scenario: string, differences: readonly Difference[], expected: readonly ExpectedDifference[]): Verdict => {
  const met = expected.filter((one) => differences.some((difference) => covers(one, scenario, difference)));
  return {
    unexpected: differences.filter((difference) => !expected.some((one) => covers(one, scenario, difference))),
    met,
    unmet: expected.filter((one) => one.scenario === scenario && !met.includes(one)),
  };
};

/** What is expected of any scenario, and was met by none. Only a run of all scenarios can tell. */
export const listUnmetEverywhere = (expected: readonly ExpectedDifference[], verdicts: readonly Verdict[]): readonly ExpectedDifference[] =>
  expected.filter((one) => one.scenario === "*" && !verdicts.some(({ met }) => met.includes(one)));
