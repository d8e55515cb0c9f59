import { formatGoDuration } from "@nk/stdx";
import type { EvictionPlan, PlannedPod, PlannedThreshold } from "./compute-plan.ts";

/** Columns as wide as their widest cell. */
const formatTable = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
};

const standing = ({ observed, isCrossed, graceLeftMs }: PlannedThreshold): string => {
  if (observed === undefined) return "not observed";
  if (!isCrossed) return "ok";
  return graceLeftMs > 0 ? `crossed, acts in ${formatGoDuration(graceLeftMs)}` : "crossed";
};

const formatThresholds = (thresholds: readonly PlannedThreshold[]): readonly string[] =>
  thresholds.length === 0
    ? ["  none"]
    : formatTable([
        ["SIGNAL", "KIND", "THRESHOLD", "AVAILABLE", "CAPACITY", ""],
        ...thresholds.map((threshold) => {
          const { signal, kind, observed } = threshold;
          return [signal, kind, observed?.threshold ?? "-", observed?.available ?? "-", observed?.capacity ?? "-", standing(threshold)];
        }),
      ]);

const formatPods = (pods: readonly PlannedPod[], isRanked: boolean): readonly string[] =>
  isRanked
    ? formatTable([
        ["", "POD", "USES", "REQUESTED", "PRIORITY", "GRACE"],
        ...pods.map(({ pod, usage, request, exceedsRequest, priority, gracePeriodSeconds }, index) => [
          gracePeriodSeconds === undefined ? "" : `${index + 1}.`,
          pod,
          `${usage ?? "unknown"}${exceedsRequest === true ? " (over)" : ""}`,
          request ?? "-",
          `${priority}`,
          gracePeriodSeconds === undefined ? "stays: critical" : `${gracePeriodSeconds}s`,
        ]),
      ])
    : pods.map(({ pod, message }) => `  ${pod}: ${message?.trim() ?? ""}`);

const formatOutcome = ({ action, signal, victims, evictionsNeeded }: EvictionPlan): string => {
  const count = (pods: number): string => `${pods} ${pods === 1 ? "pod" : "pods"}`;
  if (action === "none") return "nobody is evicted";
  if (action === "evict-all") return `${count(victims.length)} over their own storage limits: evicted at once`;
  if (victims.length === 0) return `${signal ?? ""} is short and there is no pod to evict`;
  const enough = evictionsNeeded === undefined ? "and all of them would not be enough" : `about ${count(evictionsNeeded)} until it is over`;
  return `${signal ?? ""} is short: pods go one by one in this order, ${enough}`;
};

/** A plan for people, with a newline at its end. */
export const formatPlan = (plan: EvictionPlan): string => {
  const { node, layout, thresholds, conditions, action, steps, victims, spared, admission, warnings } = plan;
  const admitted = admission.others.admit ? (admission.bestEffort.admit ? "all" : "not BestEffort") : "critical only";
  const isRanked = action === "evict" || action === "reclaim";
  return [
    `node ${node ?? "unnamed"}, file systems: ${layout}`,
    "thresholds:",
    ...formatThresholds(thresholds),
    `conditions: ${conditions.length === 0 ? "none" : conditions.join(", ")}; new pods admitted: ${admitted}`,
    ...(steps.length === 0 ? [] : [`first, and perhaps enough: ${steps.join(", ")}`]),
    formatOutcome(plan),
    ...(victims.length + spared.length === 0 ? [] : formatPods([...victims, ...spared], isRanked)),
    ...(isRanked && victims[0]?.message !== undefined ? [`${victims[0].pod} is told: ${victims[0].message.trim()}`] : []),
    ...warnings.map((warning) => `warning: ${warning}`),
    "",
  ].join("\n");
};
