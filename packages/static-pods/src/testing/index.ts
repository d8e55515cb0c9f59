import type { Pod, PodSource, SourceProblem, SourceSnapshot } from "@nk/pod-model";
import type { PodSourceDriver } from "../options.ts";

/** A source whose pods a test decides. */
export interface FakePodSource extends PodSourceDriver {
  /** Replaces the set; handed over at once while it runs, else when it is run. */
  readonly replace: (pods: readonly Pod[], problems?: readonly SourceProblem[]) => void;
  /** Adds a pod, or replaces the one of the same UID. */
  readonly put: (pod: Pod) => void;
  /** Takes the pod with this UID out. */
  readonly remove: (uid: string) => void;
  /** What it wants now. */
  readonly pods: readonly Pod[];
}

/** How a fake source is made. */
export interface FakePodSourceOptions {
  /** Default `file`. */
  readonly source?: PodSource;
  readonly onSnapshot: (snapshot: SourceSnapshot) => void;
  /** Default none: it reports an empty set when it is run. */
  readonly pods?: readonly Pod[];
}

/** Behaves as the real sources do: a first snapshot when it is run, then one for each change, and none after the abort. */
export const createFakePodSource = (options: FakePodSourceOptions): FakePodSource => {
  const source = options.source ?? "file";
  let pods = options.pods ?? [];
  let problems: readonly SourceProblem[] = [];
  let isRunning = false;
  const tell = (): void => {
    if (isRunning) options.onSnapshot({ source, pods, problems });
  };
  const replace = (newPods: readonly Pod[], newProblems: readonly SourceProblem[] = []): void => {
    pods = newPods;
    problems = newProblems;
    tell();
  };
  const without = (uid: string | undefined): readonly Pod[] => pods.filter((pod) => pod.metadata?.uid !== uid);
  return {
    replace,
    put: (pod) => replace([...without(pod.metadata?.uid), pod], problems),
    remove: (uid) => replace(without(uid), problems),
    get pods() {
      return pods;
    },
    run: async (signal) => {
      if (signal.aborted) return;
      isRunning = true;
      tell();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      isRunning = false;
    },
  };
};
