import { EvictionError, isEvictionError } from "../errors.ts";
import type { EvictionErrorCode } from "../errors.ts";
import { parseStatements } from "../statements.ts";
import { DEFAULT_EVICTION_HARD, parseThresholds } from "../thresholds.ts";
import { parsePlanArguments, USAGE } from "./arguments.ts";
import type { PlanArguments } from "./arguments.ts";
import { computePlan } from "./compute-plan.ts";
import { formatPlan } from "./format-plan.ts";
import { readConfig, readPods, readSummary } from "./read-inputs.ts";
import type { EvictionConfig } from "./read-inputs.ts";

/** The process's edges, so that the command can be run by a test. */
export interface CommandEdges {
  /** The text of a file; `-` is the standard input. Rejects with the error of node:fs. */
  readonly readText: (path: string) => Promise<string>;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
}

/** The command line was wrong, and not what it points to. */
const USAGE_CODES: ReadonlySet<EvictionErrorCode> = new Set([
  "usage",
  "invalid-threshold",
  "unknown-signal",
  "duplicate-threshold",
  "missing-grace-period",
  "invalid-duration",
]);

const read = async (path: string, edges: CommandEdges): Promise<string> => {
  try {
    return await edges.readText(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
    const why = { ENOENT: "there is no such file", EISDIR: "it is a directory", EACCES: "permission denied" }[code] ?? code;
    throw new EvictionError("unreadable", `read ${path}: ${why}`, { where: path, cause: error });
  }
};

const readHard = async (thresholds: string | undefined, edges: CommandEdges): Promise<EvictionConfig> => {
  if (thresholds === undefined) return { evictionHard: DEFAULT_EVICTION_HARD };
  if (thresholds.includes("<") || thresholds.trim() === "")
    return { evictionHard: parseStatements(thresholds, { where: "--thresholds", separator: "<" }) };
  const config = readConfig(await read(thresholds, edges), thresholds);
  return { evictionHard: DEFAULT_EVICTION_HARD, ...config };
};

const overlay = (config: EvictionConfig, { soft, softGracePeriod, minReclaim }: PlanArguments): EvictionConfig => ({
  ...config,
  ...(soft === undefined ? {} : { evictionSoft: parseStatements(soft, { where: "--eviction-soft", separator: "<" }) }),
  ...(softGracePeriod === undefined
    ? {}
    : { evictionSoftGracePeriod: parseStatements(softGracePeriod, { where: "--eviction-soft-grace-period", separator: "=" }) }),
  ...(minReclaim === undefined
    ? {}
    : { evictionMinimumReclaim: parseStatements(minReclaim, { where: "--eviction-minimum-reclaim", separator: "=" }) }),
});

const runPlan = async (args: PlanArguments, edges: CommandEdges): Promise<number> => {
  const config = overlay(await readHard(args.thresholds, edges), args);
  const thresholds = parseThresholds(config);
  const pods = readPods(await read(args.pods, edges), args.pods);
  const summary = readSummary(await read(args.stats, edges), args.stats);
  const plan = computePlan({
    thresholds,
    pods,
    summary,
    heldMs: args.heldMs,
    maxPodGracePeriodSeconds: args.maxPodGracePeriodSeconds ?? config.evictionMaxPodGracePeriod ?? 0,
    ...(args.layout === undefined ? {} : { layout: args.layout }),
  });
  edges.writeOut(args.isJson ? `${JSON.stringify(plan, undefined, 2)}\n` : formatPlan(plan));
  return args.isCheck && plan.victims.length > 0 ? 1 : 0;
};

/** Runs `eviction` with the arguments after its name; resolves with the exit code and never rejects for what a user did. */
export const runCommand = async (argv: readonly string[], edges: CommandEdges): Promise<number> => {
  try {
    const args = parsePlanArguments(argv);
    if (args !== "help") return await runPlan(args, edges);
    edges.writeOut(USAGE);
    return 0;
  } catch (error) {
    if (!isEvictionError(error)) throw error;
    edges.writeError(`eviction: ${error.message}\n`);
    return USAGE_CODES.has(error.code) ? 2 : 1;
  }
};
