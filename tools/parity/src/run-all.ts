import { createSemaphore, systemClock } from "@nk/stdx";
import { readRecording } from "@nk/tool-recordings";
import type { Cluster } from "./cluster.ts";
import { compareObservations } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import { observationOfRecording } from "./observation.ts";
import { runScenario } from "./scenario.ts";
import type { Observation } from "./observation.ts";
import { traitsOf } from "./traits.ts";

/** One scenario's outcome. */
export interface ScenarioOutcome extends Comparison {
  readonly name: string;
  readonly tookMs: number;
  readonly observation: Observation;
}

/** How many scenarios run side by side: most of their time is waiting, but a crowded machine shows other statuses on the way. */
const PARALLEL = 8;

/** Runs the scenarios, those that bear it side by side. */
export const runAll = async (
  names: readonly string[],
  options: { readonly cluster: Cluster; readonly signal: AbortSignal; readonly onDone: (outcome: ScenarioOutcome) => void },
): Promise<readonly ScenarioOutcome[]> => {
  const { cluster, signal, onDone } = options;
  const runOne = async (name: string): Promise<ScenarioOutcome> => {
    const began = systemClock.monotonicMs();
    const recording = readRecording(name);
    const observation = await runScenario(name, recording, { cluster, signal });
    const comparison = compareObservations(observationOfRecording(name, recording), observation, traitsOf(name));
    const outcome = { name, tookMs: Math.round(systemClock.monotonicMs() - began), observation, ...comparison };
    onDone(outcome);
    return outcome;
  };
  const slots = createSemaphore(PARALLEL);
  const outcomes: ScenarioOutcome[] = [];
  for (const name of names.filter((one) => traitsOf(one).turn === "first")) outcomes.push(await runOne(name));
  const beside = names.filter((one) => traitsOf(one).turn === undefined);
  outcomes.push(
    ...(await Promise.all(
      beside.map(async (name) => {
        using _slot = await slots.acquire({ signal });
        return await runOne(name);
      }),
    )),
  );
  for (const name of names.filter((one) => traitsOf(one).turn === "last")) outcomes.push(await runOne(name));
  return outcomes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
};
