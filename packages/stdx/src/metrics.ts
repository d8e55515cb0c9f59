/** Values of the label names a metric was declared with. */
export type MetricLabels = Readonly<Record<string, string>>;

/** How a metric is declared. Names and labels are those of Prometheus. */
export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[] | undefined;
}

/** A {@link MetricOptions} with the upper bounds of its buckets, ascending, without +Inf. */
export interface HistogramOptions extends MetricOptions {
  readonly buckets: readonly number[];
}

/** Only grows. */
export interface Counter {
  /** Adds `value`, default 1, never negative. */
  inc(labels?: MetricLabels, value?: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
  add(value: number, labels?: MetricLabels): void;
}

/** Counts observations by size. */
export interface Histogram {
  observe(value: number, labels?: MetricLabels): void;
}

/**
 * Where metrics are declared: small enough to be an adapter of any metrics library. Declaring the same name twice with the same
 * options gives the same metric. Must not throw on observation.
 */
export interface MetricRegister {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
}

const ignore = (): void => {};

/** Measures nothing. The default wherever a register is an option. */
export const noopMetrics: MetricRegister = {
  counter: () => ({ inc: ignore }),
  gauge: () => ({ set: ignore, add: ignore }),
  histogram: () => ({ observe: ignore }),
};
