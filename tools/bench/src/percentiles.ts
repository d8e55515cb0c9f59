/** What is told of a row of measurements. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The smallest value that at least `share` (0 to 1) of the values do not exceed: nearest rank, so that it is a value that was measured.
 * With fewer than 100 values the 99th percentile is the largest. NaN when there are none.
 */
export const computePercentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
};

/** The percentiles of a row. */
export const computeSpread = (values: readonly number[]): Spread => ({
  count: values.length,
  min: computePercentile(values, 0),
  p50: computePercentile(values, 0.5),
  p90: computePercentile(values, 0.9),
  p99: computePercentile(values, 0.99),
  max: computePercentile(values, 1),
});
