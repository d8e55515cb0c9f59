import { existsSync, readFileSync } from "node:fs";

/** A metrics page of the reference, by its file. */
export type MetricsPage = "metrics" | "metrics-probes" | "metrics-slis";

/** One metric of the reference as it was seen on one of its pages. */
export interface RecordedMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Sorted, without `le`. */
  readonly labelNames: readonly string[];
  /** `le` as the reference spells it, +Inf the last; undefined for what is no histogram. */
  readonly buckets: readonly string[] | undefined;
  /** Undefined where only the recording of names has it. */
  readonly help: string | undefined;
}

const fixtures = new URL("../fixtures/node/", import.meta.url);

const linesOf = (file: string): readonly string[] => {
  const url = new URL(file, fixtures);
  return existsSync(url) ? readFileSync(url, "utf8").split("\n").filter(Boolean) : [];
};

/** By page and name, as the file has them: `PAGE NAME HELP`. */
const readHelp = (page: MetricsPage): ReadonlyMap<string, string> =>
  new Map(
    linesOf("metrics-help.txt").flatMap((line): readonly [string, string][] => {
      const [linePage, name = "", ...help] = line.split(" ");
      return linePage === page ? [[name, help.join(" ")]] : [];
    }),
  );

const LINE = /^(?<name>\w+) (?<type>counter|gauge|histogram)(?: labels (?<labels>\{.*\}))?(?: le (?<le>\S+))?$/u;

const parseLine = (line: string, help: ReadonlyMap<string, string>): RecordedMetric => {
  const { name = "", type, labels, le } = LINE.exec(line)?.groups ?? {};
  if (type !== "counter" && type !== "gauge" && type !== "histogram")
    throw new Error(`the recording has a line that is no metric: ${line}`);
  return {
    name,
    type,
    labelNames: Object.keys(JSON.parse(labels ?? "{}") as object).toSorted(),
    buckets: le?.split(","),
    help: help.get(name),
  };
};

/** The metrics of one page, without Go's own, sorted by name. */
export const readRecordedMetrics = (page: MetricsPage): readonly RecordedMetric[] => {
  const help = readHelp(page);
  return [...linesOf(`${page}.txt`), ...linesOf(`${page}-more.txt`)]
    .map((line) => parseLine(line, help))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
};
