import type { Json } from "@nk/tool-recordings";
import type { Difference } from "./difference.ts";
import type { Verdict } from "./expected.ts";
import type { ScenarioOutcome } from "./run-all.ts";

/** A scenario with its verdict. */
export interface JudgedScenario {
  readonly outcome: ScenarioOutcome;
  readonly verdict: Verdict;
}

/** True when nothing differs but what is expected to, all of which does. */
export const isMatch = ({ verdict }: JudgedScenario): boolean => verdict.unexpected.length === 0 && verdict.unmet.length === 0;

const MAX_VALUE = 300;

const show = (value: Json | undefined): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
};

const describeDifference = ({ section, path, recorded, ours }: Difference): readonly string[] => [
  `    ${section}: ${path}`,
  `      recorded  ${show(recorded)}`,
  `      here      ${show(ours)}`,
];

/** A scenario's lines of the report. */
export const formatScenario = (judged: JudgedScenario, options: { readonly isVerbose: boolean }): string => {
  const { outcome, verdict } = judged;
  const known = verdict.met.length > 0 ? `, ${verdict.met.length} expected` : "";
  const lines = [`${isMatch(judged) ? "ok      " : "DIFFERS "} ${outcome.name} (${(outcome.tookMs / 1000).toFixed(1)} s${known})`];
  lines.push(...verdict.unexpected.flatMap(describeDifference));
  lines.push(...verdict.unmet.map(({ line, path }) => `    line ${line} of the expected differences did not appear: ${path}`));
  const isLoud = options.isVerbose || !isMatch(judged);
  if (isLoud) lines.push(...outcome.notes.map((note) => `    note: ${note}`));
  return `${lines.join("\n")}\n`;
};

/** Everything for a program to read. */
export const toReport = (judged: readonly JudgedScenario[]): object => ({
  ok: judged.every(isMatch),
  matched: judged.filter(isMatch).length,
  total: judged.length,
  scenarios: judged.map((one) => ({
    name: one.outcome.name,
    ok: isMatch(one),
    tookMs: one.outcome.tookMs,
    unexpected: one.verdict.unexpected,
    expected: one.verdict.met,
    unmet: one.verdict.unmet,
    notes: one.outcome.notes,
  })),
});
