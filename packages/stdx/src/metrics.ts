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

/** A {@link MetricOptions} of a gauge that may know its value by itself. */
export interface GaugeOptions extends MetricOptions {
  /**
   * Asked whenever the metrics are read, for what changes without anybody doing something, such as the time until a certificate ends.
   * Such a gauge has no labels and is not set. Undefined: it has no value now. Must be cheap, must not throw.
   */
  readonly read?: (() => number | undefined) | undefined;
}

/** What is measured per set of label values, and forgotten with what the labels name. */
export interface MetricSeries {
  /** Forgets what was measured for exactly these labels; nothing happens when that is nothing. */
  remove(labels: MetricLabels): void;
}

/** Only grows. */
export interface Counter extends MetricSeries {
  /** Adds `value`, default 1, never negative; 0 makes the series known. */
  inc(labels?: MetricLabels, value?: number): void;
}

/** Goes up and down. */
export interface Gauge extends MetricSeries {
  set(value: number, labels?: MetricLabels): void;
  add(value: number, labels?: MetricLabels): void;
}

/** Counts observations by size. */
export interface Histogram extends MetricSeries {
  observe(value: number, labels?: MetricLabels): void;
}

/**
 * Where metrics are declared: small enough to be an adapter of any metrics library. Declaring the same name twice with the same
 * options gives the same metric. Must not throw on observation.
 */
export interface MetricRegister {
  counter(options: MetricOptions): Counter;
  gauge(options: GaugeOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
}

const ignore = (): void => {};

/** Measures nothing. The default wherever a register is an option. */
export const noopMetrics: MetricRegister = {
  counter: () => ({ inc: ignore, remove: ignore }),
  gauge: () => ({ set: ignore, add: ignore, remove: ignore }),
  histogram: () => ({ observe: ignore, remove: ignore }),
};
