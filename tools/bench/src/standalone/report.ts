import type { Spread } from "../percentiles.ts";

/** One promise and what became of it. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  /** The value must be under it. */
  readonly limit: number;
  readonly unit: "ms" | "m" | "MiB";
  readonly isMet: boolean;
}

/** What one measurement gives. */
export interface Outcome {
  readonly goals: readonly Goal[];
  /** Rows for later comparison, milliseconds unless the name says otherwise. */
  readonly spreads: { readonly [name: string]: Spread };
  /** Single figures for later comparison; the unit is in the name. */
  readonly figures: { readonly [name: string]: number };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A value against its limit. No value (NaN) is a miss. */
export const computeGoal = (name: string, value: number, bound: { readonly limit: number; readonly unit: Goal["unit"] }): Goal => ({
  name,
  value: round(value),
  ...bound,
  isMet: value < bound.limit,
});

/** A table for people: goals first, then the figures behind them. */
export const formatReport = (outcomes: { readonly [name: string]: Outcome }): string => {
  const all = Object.values(outcomes);
  const goals = all.flatMap((outcome) => outcome.goals);
  const nameWidth = Math.max(4, ...goals.map((goal) => goal.name.length));
  const lines = goals.map(
    ({ name, value, limit, unit, isMet }) =>
      `${isMet ? "ok    " : "MISSED"}  ${name.padEnd(nameWidth)}  ${String(value).padStart(8)} ${unit.padEnd(3)} (under ${limit})`,
  );
  const rows = all.flatMap((outcome) => [
    ...Object.entries(outcome.spreads).map(
      ([name, { count, p50, p90, p99, max }]) =>
        `  ${name}: p50 ${round(p50)}, p90 ${round(p90)}, p99 ${round(p99)}, max ${round(max)} of ${count}`,
    ),
    ...Object.entries(outcome.figures).map(([name, value]) => `  ${name}: ${round(value)}`),
  ]);
  return `${[...lines, "", ...rows].join("\n")}\n`;
};
