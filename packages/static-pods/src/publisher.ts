import type { Pod, PodSource, SourceProblem } from "@nk/pod-model";
import { noopLogger, noopMetrics } from "@nk/stdx";
import { createStaticPodsMetrics } from "./metrics.ts";
import type { StaticPodsMetrics } from "./metrics.ts";
import type { SourceOptions } from "./options.ts";

/** Hands over snapshots, each only when it differs from the one before; the first always. */
export interface Publisher {
  /** With undefined for pods nobody knows yet: problems are reported then, but the source has not spoken. */
  readonly publish: (pods: readonly Pod[] | undefined, problems: readonly SourceProblem[]) => void;
  readonly metrics: StaticPodsMetrics;
}

const keyOf = ({ location, line, field, message }: SourceProblem): string => JSON.stringify([location, line, field, message]);

/** Pods are compared by identity: an unchanged pod is the same object from one reading to the next. */
const areSame = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);

export const createPublisher = (source: PodSource, options: SourceOptions): Publisher => {
  const logger = options.logger ?? noopLogger;
  const metrics = createStaticPodsMetrics(options.metrics ?? noopMetrics);
  let lastPods: readonly Pod[] | undefined;
  let lastProblems: ReadonlyMap<string, SourceProblem> = new Map();
  const publish: Publisher["publish"] = (pods, problems) => {
    const byKey = new Map(problems.map((problem) => [keyOf(problem), problem]));
    const newProblems = [...byKey].filter(([key]) => !lastProblems.has(key)).map(([, problem]) => problem);
    const areProblemsSame = newProblems.length === 0 && byKey.size === lastProblems.size;
    lastProblems = byKey;
    metrics.problems(source, byKey.size);
    for (const problem of newProblems) {
      logger.warn("a manifest can't be used", { ...problem });
      options.onProblem?.(problem);
    }
    if (pods === undefined || (areProblemsSame && lastPods !== undefined && areSame(lastPods, pods))) return;
    lastPods = pods;
    metrics.pods(source, pods.length);
    metrics.snapshot(source);
    options.onSnapshot({ source, pods, problems: [...byKey.values()] });
  };
  return { publish, metrics };
};
