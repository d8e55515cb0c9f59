import { computeSpread } from "../percentiles.ts";
import type { Spread } from "../percentiles.ts";

export type Unit = "ms" | "millicores" | "MiB";

/** One measured figure; without a goal it is for comparison. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  /** What the goal is about: of a row its median. */
  readonly value: number;
  /** The value must be under it. */
  readonly goal?: number;
  readonly ok?: boolean;
  readonly count?: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly max?: number;
}

/** A figure's name and what it should be. */
export interface FigureHead {
  readonly name: string;
  readonly unit?: Unit;
  readonly goal?: number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A value that is none (NaN) is a miss. */
const judge = (value: number, goal: number | undefined): Pick<Figure, "goal" | "ok"> =>
  goal === undefined ? {} : { goal, ok: value < goal };

/** One value. */
export const computeFigure = ({ name, unit = "ms", goal }: FigureHead, value: number): Figure => ({
  name,
  unit,
  value: round(value),
  ...judge(value, goal),
});

const rounded = ({ count, p50, p99, max }: Spread): Pick<Figure, "count" | "p50" | "p99" | "max"> => ({
  count,
  p50: round(p50),
  p99: round(p99),
  max: round(max),
});

/** A row of values, judged by its median. */
export const computeRow = ({ name, unit = "ms", goal }: FigureHead, values: readonly number[]): Figure => {
  const spread = computeSpread(values);
  return { name, unit, value: round(spread.p50), ...rounded(spread), ...judge(spread.p50, goal) };
};
