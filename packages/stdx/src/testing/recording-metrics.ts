import type { MetricLabels, MetricOptions, MetricRegister } from "../metrics.ts";

/** What was declared. */
export interface DeclaredMetric extends MetricOptions {
  readonly kind: "counter" | "gauge" | "histogram";
  /** Of a histogram. */
  readonly buckets?: readonly number[];
}

/** A register that remembers what was declared and measured. */
export interface RecordingMetrics extends MetricRegister {
  /** Every metric that was declared, by name. */
  readonly declared: ReadonlyMap<string, DeclaredMetric>;
  /** The value of a counter or gauge for exactly these labels; 0 when there is none. A gauge that knows its value is asked. */
  value(name: string, labels?: MetricLabels): number;
  /** What a histogram observed for exactly these labels, in order. */
  observations(name: string, labels?: MetricLabels): readonly number[];
}

const seriesKey = (name: string, labels: MetricLabels = {}): string =>
  JSON.stringify([name, ...Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);

const checkLabels = (options: MetricOptions, labels: MetricLabels = {}): void => {
  const declared = (options.labelNames ?? []).toSorted().join();
  const given = Object.keys(labels).toSorted().join();
  if (declared !== given) throw new Error(`metric ${options.name} is declared with labels [${declared}] and was given [${given}]`);
};

/** An empty register. Unlike a real one it throws when labels differ from the declared ones or a name is declared as two kinds. */
export const createRecordingMetrics = (): RecordingMetrics => {
  const declared = new Map<string, DeclaredMetric>();
  const reads = new Map<string, () => number | undefined>();
  const values = new Map<string, number>();
  const observations = new Map<string, number[]>();

  const declare = (kind: DeclaredMetric["kind"], options: MetricOptions): void => {
    const previous = declared.get(options.name);
    if (previous !== undefined && previous.kind !== kind) throw new Error(`metric ${options.name} is already a ${previous.kind}`);
    declared.set(options.name, { ...options, kind });
  };
  const forget =
    (options: MetricOptions) =>
    (labels: MetricLabels): void => {
      checkLabels(options, labels);
      const key = seriesKey(options.name, labels);
      values.delete(key);
      observations.delete(key);
    };
  const add = (options: MetricOptions, value: number, labels: MetricLabels | undefined): void => {
    checkLabels(options, labels);
    const key = seriesKey(options.name, labels);
    values.set(key, (values.get(key) ?? 0) + value);
  };

  return {
    declared,
    value: (name, labels) => reads.get(name)?.() ?? values.get(seriesKey(name, labels)) ?? 0,
    observations: (name, labels) => observations.get(seriesKey(name, labels)) ?? [],
    counter(options) {
      declare("counter", options);
      return { inc: (labels, value = 1) => add(options, value, labels), remove: forget(options) };
    },
    gauge(options) {
      declare("gauge", options);
      if (options.read !== undefined) reads.set(options.name, options.read);
      return {
        remove: forget(options),
        set(value, labels) {
          checkLabels(options, labels);
          values.set(seriesKey(options.name, labels), value);
        },
        add: (value, labels) => add(options, value, labels),
      };
    },
    histogram(options) {
      declare("histogram", options);
      return {
        remove: forget(options),
        observe(value, labels) {
          checkLabels(options, labels);
          const key = seriesKey(options.name, labels);
          const series = observations.get(key) ?? [];
          series.push(value);
          observations.set(key, series);
        },
      };
    },
  };
};
