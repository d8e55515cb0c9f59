import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import { computeRow } from "./figures.ts";
import type { Figure, FigureHead } from "./figures.ts";
import { IMAGES, TRAP_SET_MS } from "./pods.ts";
import type { BenchImage } from "./pods.ts";
import type { PodTimes, Step } from "./pod-watch.ts";

/** What follows the disappearance of a pod from the API (its sandbox goes, the reference's somewhat later) is not the next one's time. */
const PAUSE_MS = 1000;

/** A pod's life, from its creation until it is gone. */
const liveOnce = async (
  bed: Bed,
  pod: { readonly name: string; readonly image: BenchImage; readonly initContainers?: number; readonly isBound?: boolean },
): Promise<PodTimes> => {
  const { watch, signal } = bed;
  const { name } = pod;
  await bed.create(pod);
  await watch.until(name, "ready");
  await systemClock.sleep(TRAP_SET_MS, { signal });
  await bed.remove(name);
  await watch.until(name, "gone");
  await systemClock.sleep(PAUSE_MS, { signal });
  return watch.take(name);
};

const liveOften = async (
  bed: Bed,
  prefix: string,
  options: { readonly count: number; readonly image: BenchImage; readonly initContainers?: number; readonly isBound?: boolean },
): Promise<readonly PodTimes[]> => {
  const { count, ...pod } = options;
  const lives: PodTimes[] = [];
  for (let index = 0; index < count; index += 1) {
    const times = await liveOnce(bed, { name: `${prefix}-${index}`, ...pod });
    lives.push(times);
    bed.say(
      `${prefix} ${index + 1}/${count}: ready in ${Math.round(between(times, "created", "ready"))} ms, gone in ${Math.round(between(times, "deleted", "gone"))} ms`,
    );
  }
  return lives;
};

const between = (times: PodTimes, from: Step, to: Step): number => (times[to] ?? Number.NaN) - (times[from] ?? Number.NaN);

const rowOf = (lives: readonly PodTimes[], head: FigureHead, [from, to]: readonly [Step, Step]): Figure =>
  computeRow(
    head,
    lives.map((times) => between(times, from, to)),
  );

/** One pod after another, each gone before the next comes. */
export const measureSingle = async (bed: Bed): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  for (const image of IMAGES) {
    const lives = await liveOften(bed, `single-${image}`, { count: bed.options.pods, image });
    figures.push(
      rowOf(lives, { name: `${image}: created -> Running` }, ["created", "running"]),
      rowOf(lives, { name: `${image}: created -> Ready`, goal: 250 }, ["created", "ready"]),
      rowOf(lives, { name: `${image}: deleted -> gone`, ...(image === "pause" ? { goal: 350 } : {}) }, ["deleted", "gone"]),
    );
  }
  return figures;
};

/** Pods with three init containers that end at once. */
export const measureInit = async (bed: Bed): Promise<readonly Figure[]> => {
  const count = Math.ceil(bed.options.pods / 2);
  const lives = await liveOften(bed, "init", { count, image: "pause", initContainers: 3 });
  return [rowOf(lives, { name: "three init containers: created -> Ready", goal: 600 }, ["created", "ready"])];
};

/** Pods that the scheduler binds. */
export const measureScheduled = async (bed: Bed): Promise<readonly Figure[]> => {
  const count = Math.ceil(bed.options.pods / 2);
  const lives = await liveOften(bed, "scheduled", { count, image: "pause", isBound: false });
  return [
    rowOf(lives, { name: "scheduled: created -> bound" }, ["created", "bound"]),
    rowOf(lives, { name: "scheduled: bound -> Ready" }, ["bound", "ready"]),
    rowOf(lives, { name: "scheduled: created -> Ready" }, ["created", "ready"]),
  ];
};
