import { parseArgs } from "node:util";
import { isStdxError, parseGoDuration } from "@nk/stdx";
import { EvictionError } from "../errors.ts";
import type { FilesystemLayout } from "../filesystem-layout.ts";

export const USAGE = `usage: eviction plan --pods FILE --stats FILE [--thresholds TEXT|FILE] [options]

Says what a kubelet would do with a node under pressure, and touches nothing.

  --pods FILE         pods as JSON: kubectl get pods -A -o json
  --stats FILE        stats as JSON: kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary
  --thresholds X      "memory.available<100Mi,nodefs.available<10%", or a file: a KubeletConfiguration
                      as JSON, or what GET /configz answers; default: the kubelet's own
  --eviction-soft, --eviction-soft-grace-period, --eviction-minimum-reclaim
                      as the kubelet's flags: "memory.available<1Gi", "memory.available=1m30s", ...
  --eviction-max-pod-grace-period SECONDS
                      what a soft eviction grants a pod at most; default 0
  --held DURATION     how long the node has been like this, for soft thresholds; default 0s
  --filesystems X     shared, image (images and writable layers on a disk of their own) or split (images
                      only); default: guessed from the sizes in the stats
  --json              the plan as JSON
  --check             exit with 1 when a pod would be evicted
  --help              this text

A FILE that is "-" is the standard input. Exit codes: 0 planned, 1 failed (or --check found a victim), 2 usage.
`;

/** A command line, read. */
export interface PlanArguments {
  readonly pods: string;
  readonly stats: string;
  /** A text with `<` is statements, another is a file. */
  readonly thresholds?: string;
  readonly soft?: string;
  readonly softGracePeriod?: string;
  readonly minReclaim?: string;
  readonly maxPodGracePeriodSeconds?: number;
  readonly heldMs: number;
  readonly layout?: FilesystemLayout;
  readonly isJson: boolean;
  readonly isCheck: boolean;
}

const LAYOUTS: readonly FilesystemLayout[] = ["shared", "image", "split"];

const misuse = (message: string, cause?: unknown): EvictionError =>
  new EvictionError("usage", `${message}; see eviction --help`, { where: "the command line", cause });

const OPTIONS = {
  pods: { type: "string" },
  stats: { type: "string" },
  thresholds: { type: "string" },
  "eviction-soft": { type: "string" },
  "eviction-soft-grace-period": { type: "string" },
  "eviction-minimum-reclaim": { type: "string" },
  "eviction-max-pod-grace-period": { type: "string" },
  held: { type: "string", default: "0s" },
  filesystems: { type: "string" },
  json: { type: "boolean", default: false },
  check: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const parse = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw misuse(error instanceof Error ? (error.message.split(". ")[0]?.toLowerCase() ?? "unknown option") : "unknown option", error);
  }
};

const parseHeld = (text: string): number => {
  try {
    const heldMs = parseGoDuration(text);
    if (heldMs < 0) throw misuse(`--held ${text} is negative`);
    return heldMs;
  } catch (error) {
    throw isStdxError(error) ? misuse(`--held ${JSON.stringify(text.slice(0, 100))} is no duration like "1m30s"`, error) : error;
  }
};

const parseSeconds = (text: string): number => {
  if (!/^\d{1,9}$/u.test(text))
    throw misuse(`--eviction-max-pod-grace-period ${JSON.stringify(text.slice(0, 100))} is no number of seconds`);
  return Number(text);
};

const parseLayout = (text: string): FilesystemLayout => {
  const layout = LAYOUTS.find((one) => one === text);
  if (layout === undefined) throw misuse(`--filesystems ${JSON.stringify(text.slice(0, 100))} is none of ${LAYOUTS.join(", ")}`);
  return layout;
};

const given = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  // TypeScript widens a computed key to string.
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

/** Reads the arguments after the program's name; `help` when that is what is wanted. Throws `usage`. */
export const parsePlanArguments = (argv: readonly string[]): PlanArguments | "help" => {
  const { values, positionals } = parse(argv);
  if (values.help || (positionals[0] === "help" && positionals.length === 1)) return "help";
  if (positionals.length !== 1 || positionals[0] !== "plan")
    throw misuse(
      positionals.length === 0 ? "no command was given" : `there is no command ${JSON.stringify(positionals.join(" ").slice(0, 100))}`,
    );
  const { pods, stats } = values;
  if (pods === undefined || stats === undefined) throw misuse("--pods and --stats are needed");
  if ([pods, stats, values.thresholds].filter((file) => file === "-").length > 1) throw misuse("only one file can be the standard input");
  return {
    pods,
    stats,
    ...given("thresholds", values.thresholds),
    ...given("soft", values["eviction-soft"]),
    ...given("softGracePeriod", values["eviction-soft-grace-period"]),
    ...given("minReclaim", values["eviction-minimum-reclaim"]),
    ...(values["eviction-max-pod-grace-period"] === undefined
      ? {}
      : { maxPodGracePeriodSeconds: parseSeconds(values["eviction-max-pod-grace-period"]) }),
    heldMs: parseHeld(values.held),
    ...(values.filesystems === undefined ? {} : { layout: parseLayout(values.filesystems) }),
    isJson: values.json,
    isCheck: values.check,
  };
};
