import { formatGoFloat } from "@nk/stdx";

/** `prometheus`: text format 0.0.4. `openmetrics`: OpenMetrics 1.0.0. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** The Content-Type of each format. */
export const METRICS_CONTENT_TYPES: { readonly [format in MetricsFormat]: string } = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
};

/** Labels by name. */
export interface LabelSet {
  readonly [name: string]: string;
}

export interface Sample {
  readonly labels: LabelSet;
  readonly value: number;
  /** When it was measured; none for what is true whenever asked. */
  readonly timeMs?: number;
}

/** Every sample of one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: Iterable<Sample>;
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** `name="value"` pairs sorted by name, without braces. */
const formatLabels = (labels: LabelSet): string =>
  Object.keys(labels)
    .toSorted()
    .map((name) => `${name}="${escapeLabel(labels[name] ?? "")}"`)
    .join(",");

const formatOpenMetricsFloat = (value: number): string => {
  const text = formatGoFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
};

/** OpenMetrics gives a counter's family its name without `_total`, and every one of its samples the ending. */
const namesOf = ({ name, type }: Family, format: MetricsFormat): { readonly family: string; readonly sample: string } => {
  if (format === "prometheus" || type !== "counter") return { family: name, sample: name };
  const family = name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
  return { family, sample: `${family}_total` };
};

const formatTime = (timeMs: number | undefined, format: MetricsFormat): string => {
  if (timeMs === undefined) return "";
  return format === "prometheus" ? ` ${Math.trunc(timeMs)}` : ` ${(timeMs / 1000).toFixed(3)}`;
};

/**
 * Writes families as text, one piece for each that has a sample; the pieces together are the page. The families have to come sorted by
 * name, as the reference shows them.
 */
export function* formatFamilies(families: Iterable<Family>, format: MetricsFormat): Generator<string> {
  const formatValue = format === "prometheus" ? formatGoFloat : formatOpenMetricsFloat;
  // The labels of a container are the same object in every family.
  const known = new WeakMap<LabelSet, string>();
  const pairsOf = (labels: LabelSet): string => {
    const pairs = known.get(labels) ?? formatLabels(labels);
    known.set(labels, pairs);
    return pairs;
  };
  for (const family of families) {
    const names = namesOf(family, format);
    let text = `# HELP ${names.family} ${format === "prometheus" ? escapeHelp(family.help) : escapeLabel(family.help)}\n# TYPE ${names.family} ${family.type}\n`;
    const emptyLength = text.length;
    for (const { labels, value, timeMs } of family.samples) {
      const pairs = pairsOf(labels);
      text += `${names.sample}${pairs === "" ? "" : `{${pairs}}`} ${formatValue(value)}${formatTime(timeMs, format)}\n`;
    }
    if (text.length > emptyLength) yield text;
  }
  if (format === "openmetrics") yield "# EOF\n";
}
