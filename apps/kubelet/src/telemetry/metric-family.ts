import { formatGoFloat } from "@nk/stdx";
import type { GaugeOptions, MetricLabels } from "@nk/stdx";
import * as prometheus from "prom-client";

/** What a metric counts like. */
export type MetricKind = "counter" | "gauge" | "histogram";

/** How a metric was declared. */
export interface FamilyDeclaration extends GaugeOptions {
  readonly kind: MetricKind;
  /** Of a histogram: upper bounds, ascending, without +Inf. */
  readonly buckets?: readonly number[] | undefined;
}

/** A metric with all its series. */
export interface MetricFamily {
  readonly declaration: FamilyDeclaration;
  add(labels: MetricLabels | undefined, value: number): void;
  set(labels: MetricLabels | undefined, value: number): void;
  observe(labels: MetricLabels | undefined, value: number): void;
  remove(labels: MetricLabels): void;
  /** Lines of the text format with the help before them; none without series. */
  render(): Promise<readonly string[]>;
}

type Labels = { [name: string]: string };

/** A value as prom-client tells it; `metricName` only of histograms. */
interface Told {
  readonly value: number;
  readonly labels: { readonly [name: string]: string | number | undefined };
  readonly metricName?: string;
}

const escapeLabel = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
const escapeHelp = (help: string): string => help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const bound = (le: string | number): string => (typeof le === "number" ? formatGoFloat(le) : le);

/** prom-client spells numbers as JavaScript does, and labels in any order; a bucket is known by its text, so this is written here. */
const writeSample = (name: string, { value, labels, metricName = name }: Told, labelNames: readonly string[]): string => {
  const pairs = labelNames.map((label) => `${label}="${escapeLabel(String(labels[label] ?? ""))}"`);
  if (labels["le"] !== undefined) pairs.push(`le="${bound(labels["le"])}"`);
  return `${metricName}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${formatGoFloat(value)}`;
};

const createMetric = ({ name, kind, help, labelNames = [], buckets = [] }: FamilyDeclaration) => {
  // It takes no empty help, which the reference has; what is shown is the declaration's.
  const options = { name, help: help === "" ? name : help, labelNames: [...labelNames], registers: [] };
  if (kind === "counter") return new prometheus.Counter(options);
  return kind === "gauge" ? new prometheus.Gauge(options) : new prometheus.Histogram({ ...options, buckets: [...buckets] });
};

/**
 * Creates a family over prom-client, which must never throw at whoever measures. One without labels has its only series from the start, as
 * in the reference; one that reads its value has none. Of more than `maxSeries` the rest is told to `onDropped` and not measured.
 */
export const createMetricFamily = (
  declaration: FamilyDeclaration,
  limits: { readonly maxSeries: number; readonly onDropped: () => void },
): MetricFamily => {
  const { name, kind, help, read } = declaration;
  const labelNames = (declaration.labelNames ?? []).toSorted();
  const metric = createMetric(declaration);
  // By the values of the labels, in the order of their names; the labels as prom-client takes them are made once.
  const series = new Map<string, Labels>();
  const keyOf = (labels: MetricLabels | undefined): string => {
    let key = "";
    for (const label of labelNames) key += `${labels?.[label] ?? ""}\0`;
    return key;
  };
  /** The labels that were declared; undefined when they would make one series too many. */
  const place = (labels: MetricLabels | undefined): Labels | undefined => {
    const key = keyOf(labels);
    const known = series.get(key);
    if (known !== undefined) return known;
    if (series.size >= limits.maxSeries) {
      limits.onDropped();
      return undefined;
    }
    const made: Labels = Object.fromEntries(labelNames.map((label) => [label, labels?.[label] ?? ""]));
    series.set(key, made);
    return made;
  };
  const measure = (labels: MetricLabels | undefined, value: number, record: (place: Labels) => void): void => {
    const known = Number.isNaN(value) ? undefined : place(labels);
    if (known !== undefined) record(known);
  };
  return {
    declaration,
    add: (labels, value) =>
      measure(labels, value, (known) => {
        if (!(metric instanceof prometheus.Histogram)) metric.inc(known, value);
      }),
    set: (labels, value) =>
      measure(labels, value, (known) => {
        if (metric instanceof prometheus.Gauge) metric.set(known, value);
      }),
    observe: (labels, value) =>
      measure(labels, value, (known) => {
        if (metric instanceof prometheus.Histogram) metric.observe(known, value);
      }),
    remove(labels) {
      const key = keyOf(labels);
      const known = series.get(key);
      if (known !== undefined && series.delete(key)) metric.remove(known);
    },
    async render() {
      const asked = read?.();
      if (read !== undefined && asked === undefined) return [];
      const values: readonly Told[] = asked === undefined ? (await metric.get()).values : [{ value: asked, labels: {} }];
      if (values.length === 0) return [];
      const lines = values.map((told) => writeSample(name, told, labelNames));
      return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`, ...lines];
    },
  };
};
