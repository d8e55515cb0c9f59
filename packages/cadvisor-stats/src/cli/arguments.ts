import { parseArgs } from "node:util";
import { CadvisorStatsError } from "../errors.ts";
import type { MetricsFormat } from "../metrics/exposition.ts";

export const HELP = `cadvisor-stats: what cgroups, networks, disks and the machine use

usage: cadvisor-stats top     [--interval SECONDS] [--count N] [--limit N] [--json] [PATH...]
       cadvisor-stats json    [PATH...]
       cadvisor-stats metrics [--openmetrics] [PATH...]
       cadvisor-stats own     [--json]

top      CPU, memory, disks and tasks per cgroup, the busiest first, between two samples
json     one sample of everything as JSON: machine, filesystems, cgroups
metrics  one sample as text for Prometheus, by cAdvisor's names
own      what this process may use: CPUs, memory, tasks

PATH is a cgroup below the mount point, e.g. /kubepods or /system.slice; it means that one and all below it. Default: all.

  --interval SECONDS  between two samples of top, default 1
  --count N           tables that top prints, default 1
  --limit N           rows of a table, default 30
  --json              JSON instead of a table
  --openmetrics       OpenMetrics 1.0 instead of the Prometheus text format
  --cgroup-root DIR   where cgroups are mounted, default /sys/fs/cgroup
  --proc-root DIR     default /proc
  --sys-root DIR      default /sys
  --help              this text

exit codes: 0 done, 1 failed, 2 wrong usage
`;

/** What every command has. */
interface Places {
  readonly paths: readonly string[];
  readonly cgroupRoot: string;
  readonly procRoot: string;
  readonly sysRoot: string;
}

export type Command =
  | { readonly kind: "help" }
  | (Places & { readonly kind: "json" })
  | (Places & { readonly kind: "metrics"; readonly format: MetricsFormat })
  | (Places & { readonly kind: "own"; readonly isJson: boolean })
  | (Places & {
      readonly kind: "top";
      readonly isJson: boolean;
      readonly intervalMs: number;
      readonly count: number;
      readonly limit: number;
    });

const OPTIONS = {
  interval: { type: "string", default: "1" },
  count: { type: "string", default: "1" },
  limit: { type: "string", default: "30" },
  json: { type: "boolean", default: false },
  openmetrics: { type: "boolean", default: false },
  "cgroup-root": { type: "string", default: "/sys/fs/cgroup" },
  "proc-root": { type: "string", default: "/proc" },
  "sys-root": { type: "string", default: "/sys" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Options that only some commands know. */
const OWN_OPTIONS: { readonly [kind: string]: readonly string[] } = {
  top: ["interval", "count", "limit", "json"],
  json: [],
  metrics: ["openmetrics"],
  own: ["json"],
};

const invalid = (message: string, cause?: unknown): CadvisorStatsError => new CadvisorStatsError("invalid-option", message, { cause });

const parseNumber = (text: string, name: string, pattern: RegExp): number => {
  if (!pattern.test(text) || Number(text) <= 0) throw invalid(`--${name} ${text}: use a number above 0`);
  return Number(text);
};

const parse = (
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true; tokens: true }>> => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, tokens: true });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : "wrong arguments", error);
  }
};

/** Reads the arguments after the command's name; throws CadvisorStatsError `invalid-option` with a sentence for whoever typed them. */
export const parseArguments = (argv: readonly string[]): Command => {
  const { values, positionals, tokens } = parse(argv);
  if (values.help) return { kind: "help" };
  const [kind, ...paths] = positionals;
  const known = kind === undefined ? undefined : OWN_OPTIONS[kind];
  if (kind === undefined || known === undefined)
    throw invalid(
      kind === undefined ? "say what to do: top, json, metrics or own" : `${kind} is no command: use top, json, metrics or own`,
    );
  for (const token of tokens)
    if (token.kind === "option" && Object.values(OWN_OPTIONS).flat().includes(token.name) && !known.includes(token.name))
      throw invalid(`--${token.name} means nothing to ${kind}`);
  for (const path of paths) if (!path.startsWith("/")) throw invalid(`${path}: a cgroup begins with /`);
  const normalized = paths.map((path) => `/${path.split("/").filter(Boolean).join("/")}`);
  const places = { paths: normalized, cgroupRoot: values["cgroup-root"], procRoot: values["proc-root"], sysRoot: values["sys-root"] };
  switch (kind) {
    case "json":
      return { kind, ...places };
    case "metrics":
      return { kind, ...places, format: values.openmetrics ? "openmetrics" : "prometheus" };
    case "own":
      return { kind, ...places, isJson: values.json };
    default:
      return {
        kind: "top",
        ...places,
        isJson: values.json,
        intervalMs: parseNumber(values.interval, "interval", /^\d+(\.\d+)?$/) * 1000,
        count: parseNumber(values.count, "count", /^\d+$/),
        limit: parseNumber(values.limit, "limit", /^\d+$/),
      };
  }
};
