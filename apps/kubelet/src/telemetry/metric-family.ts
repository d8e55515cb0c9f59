import type { GaugeOptions, MetricLabels } from "@nk/stdx";
import { formatGoFloat } from "./go-float.ts";

/** What a metric counts like. */
export type MetricKind = "counter" | "gauge" | "histogram";

/** How a metric was declared. */
export interface FamilyDeclaration extends GaugeOptions {
  readonly kind: MetricKind;
  /** Of a histogram: upper bounds, ascending, without +Inf. */
  readonly buckets?: readonly number[] | undefined;
}

interface ValueSeries {
  readonly labels: string;
  value: number;
}

interface HistogramSeries {
  readonly labels: string;
  sum: number;
  /** One more than there are bounds; each counts what fell between its bound and the one below. */
  readonly counts: Float64Array;
}

/** A metric with all its series. */
export interface MetricFamily {
  readonly declaration: FamilyDeclaration;
  add(labels: MetricLabels | undefined, value: number): void;
  set(labels: MetricLabels | undefined, value: number): void;
  observe(labels: MetricLabels | undefined, value: number): void;
  remove(labels: MetricLabels): void;
  /** Lines of the text format with the help before them; none without series. */
  render(): readonly string[];
}

const escapeLabel = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
const escapeHelp = (help: string): string => help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

/** The labels as a sample line has them, which is also what a series is known by. */
const labelWriter = (labelNames: readonly string[]): ((labels: MetricLabels | undefined) => string) => {
  const names = labelNames.toSorted();
  return (labels) => names.map((name) => `${name}="${escapeLabel(labels?.[name] ?? "")}"`).join(",");
};

const sample = (name: string, labels: string, value: string): string =>
  labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`;

const renderHistogram = (name: string, series: HistogramSeries, bounds: readonly string[]): readonly string[] => {
  const { labels, sum, counts } = series;
  const prefix = labels === "" ? "" : `${labels},`;
  let total = 0;
  const buckets = bounds.map((bound, index) => {
    total += counts[index] ?? 0;
    return `${name}_bucket{${prefix}le="${bound}"} ${total}`;
  });
  return [...buckets, sample(`${name}_sum`, labels, formatGoFloat(sum)), sample(`${name}_count`, labels, String(total))];
};

/** Series by their labels, no more than `maxSeries`; what comes on top is told to `onDropped` and not measured. */
const createSeriesMap = <T>(
  create: (labels: string) => T,
  limits: { readonly maxSeries: number; readonly onDropped: () => void },
): { readonly all: ReadonlyMap<string, T>; at(labels: string): T | undefined; remove(labels: string): void } => {
  const all = new Map<string, T>();
  return {
    all,
    at(labels) {
      const known = all.get(labels);
      if (known !== undefined) return known;
      if (all.size >= limits.maxSeries) {
        limits.onDropped();
        return undefined;
      }
      const created = create(labels);
      all.set(labels, created);
      return created;
    },
    remove: (labels) => {
      all.delete(labels);
    },
  };
};

/** Creates a family. One without labels has its only series from the start, as in the reference; one that reads its value has none. */
export const createMetricFamily = (
  declaration: FamilyDeclaration,
  limits: { readonly maxSeries: number; readonly onDropped: () => void },
): MetricFamily => {
  const { name, kind, help, labelNames = [], buckets = [], read } = declaration;
  const write = labelWriter(labelNames);
  const values = createSeriesMap<ValueSeries>((labels) => ({ labels, value: 0 }), limits);
  const histograms = createSeriesMap<HistogramSeries>(
    (labels) => ({ labels, sum: 0, counts: new Float64Array(buckets.length + 1) }),
    limits,
  );
  const bounds = [...buckets.map(formatGoFloat), "+Inf"];
  if (labelNames.length === 0 && read === undefined) (kind === "histogram" ? histograms : values).at("");
  return {
    declaration,
    add(labels, value) {
      const series = Number.isNaN(value) ? undefined : values.at(write(labels));
      if (series !== undefined) series.value += value;
    },
    set(labels, value) {
      const series = values.at(write(labels));
      if (series !== undefined) series.value = value;
    },
    observe(labels, value) {
      const series = Number.isNaN(value) ? undefined : histograms.at(write(labels));
      if (series === undefined) return;
      const index = buckets.findIndex((bound) => value <= bound);
      const bucket = index === -1 ? buckets.length : index;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sum += value;
    },
    remove(labels) {
      const key = write(labels);
      values.remove(key);
      histograms.remove(key);
    },
    render() {
      const asked = read?.();
      const lines =
        asked === undefined
          ? [
              ...[...values.all.values()].map(({ labels, value }) => sample(name, labels, formatGoFloat(value))),
              ...[...histograms.all.values()].flatMap((series) => renderHistogram(name, series, bounds)),
            ]
          : [sample(name, "", formatGoFloat(asked))];
      return lines.length === 0 ? [] : [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`, ...lines];
    },
  };
};
