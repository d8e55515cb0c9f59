import { systemClock } from "@nk/stdx";
import { computeSpread } from "../percentiles.ts";
import { readProcessCost } from "../process-cost.ts";
import type { ProcessCost } from "../process-cost.ts";
import type { Bed } from "./bed.ts";
import { computeFigure, computeRow } from "./figures.ts";
import type { Figure, FigureHead } from "./figures.ts";
import type { Step } from "./pod-watch.ts";

/** What a burst leaves to be collected is not idleness. */
const SETTLE_MS = 15_000;
/** What is put off until after the last pod is ready is part of what the burst costs. */
const AFTERMATH_MS = 3000;
const SAMPLE_MS = 1000;

interface Idle {
  readonly millicores: number;
  readonly rssMib: number;
  readonly anonMib: number;
}

/** Watches an idle kubelet; nobody asks it anything meanwhile. */
const watchIdle = async ({ kubelet, options, signal }: Bed): Promise<Idle> => {
  await systemClock.sleep(SETTLE_MS, { signal });
  const startMs = systemClock.monotonicMs();
  const samples: ProcessCost[] = [await readProcessCost(kubelet.pid)];
  while (systemClock.monotonicMs() - startMs < options.idleSeconds * 1000) {
    await systemClock.sleep(SAMPLE_MS, { signal });
    samples.push(await readProcessCost(kubelet.pid));
  }
  const elapsedMs = systemClock.monotonicMs() - startMs;
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    millicores: (cpuBetween(first, last) / elapsedMs) * 1000,
    rssMib: computeSpread(samples.map(({ rssMib }) => rssMib)).max,
    anonMib: last?.anonMib ?? Number.NaN,
  };
};

/** With that of the processes it ran: mount(8) is the kubelet's cost as well. */
const cpuBetween = (from: ProcessCost | undefined, to: ProcessCost | undefined): number =>
  from === undefined || to === undefined ? Number.NaN : to.cpuMs - from.cpuMs + to.childrenCpuMs - from.childrenCpuMs;

/** Asks for something of all pods at once; resolves with the milliseconds from the first request until each has come to the step. */
const untilAll = async (
  bed: Bed,
  names: readonly string[],
  { ask, step }: { readonly ask: (name: string) => Promise<void>; readonly step: Step },
): Promise<readonly number[]> => {
  const startMs = systemClock.monotonicMs();
  const [, times] = await Promise.all([Promise.all(names.map(ask)), Promise.all(names.map((name) => bed.watch.until(name, step)))]);
  return times.map((timeMs) => timeMs - startMs);
};

const idleFigures = (pods: number, idle: Idle, goals: { readonly cpu?: number; readonly rss?: number }): readonly Figure[] => {
  const named = (name: string, more: Omit<FigureHead, "name">): FigureHead => ({ name: `idle with ${pods} pods: ${name}`, ...more });
  const withGoal = (goal: number | undefined): Pick<FigureHead, "goal"> => (goal === undefined ? {} : { goal });
  return [
    computeFigure(named("CPU", { unit: "millicores", ...withGoal(goals.cpu) }), idle.millicores),
    computeFigure(named("RSS", { unit: "MiB", ...withGoal(goals.rss) }), idle.rssMib),
    computeFigure(named("private memory", { unit: "MiB" }), idle.anonMib),
  ];
};

/** Many pods at once, and the kubelet's cost without and with them. */
export const measureBurst = async (bed: Bed): Promise<readonly Figure[]> => {
  const { kubelet, options, signal, say } = bed;
  const { burstPods } = options;
  const cost = (): Promise<ProcessCost> => readProcessCost(kubelet.pid);
  say(`burst: watching the kubelet without pods for ${options.idleSeconds} s`);
  const empty = await watchIdle(bed);
  const names = Array.from({ length: burstPods }, (_, index) => `burst-${index}`);
  const beforeCost = await cost();
  const ready = await untilAll(bed, names, { ask: (name) => bed.create({ name, image: "pause" }), step: "ready" });
  const readyCost = await cost();
  say(`burst: ${burstPods} pods are ready after ${Math.round(Math.max(...ready))} ms; watching the kubelet with them`);
  await systemClock.sleep(AFTERMATH_MS, { signal });
  const startedCost = await cost();
  const full = await watchIdle(bed);
  const fullCost = await cost();
  const gone = await untilAll(bed, names, { ask: (name) => bed.remove(name), step: "gone" });
  const goneCost = await cost();
  say(`burst: ${burstPods} pods are gone after ${Math.round(Math.max(...gone))} ms`);
  await systemClock.sleep(AFTERMATH_MS, { signal });
  for (const name of names) bed.watch.take(name);
  return [
    computeFigure({ name: `${burstPods} at once: all Ready`, goal: 5500 }, Math.max(...ready)),
    computeRow({ name: `${burstPods} at once: each Ready` }, ready),
    computeFigure({ name: `${burstPods} at once: all gone`, goal: 4500 }, Math.max(...gone)),
    computeRow({ name: `${burstPods} at once: each gone` }, gone),
    computeFigure(
      { name: `${burstPods} at once: CPU per pod until all Ready, and 3 s more`, goal: 30 },
      cpuBetween(beforeCost, startedCost) / burstPods,
    ),
    computeFigure(
      { name: `${burstPods} at once: CPU per pod, without child processes` },
      (startedCost.cpuMs - beforeCost.cpuMs) / burstPods,
    ),
    computeFigure({ name: `${burstPods} at once: CPU per pod until all Ready` }, cpuBetween(beforeCost, readyCost) / burstPods),
    computeFigure({ name: `${burstPods} at once: CPU per pod until all gone` }, cpuBetween(fullCost, goneCost) / burstPods),
    ...idleFigures(0, empty, {}),
    ...idleFigures(burstPods, full, { cpu: 20, rss: 95 }),
  ];
};
