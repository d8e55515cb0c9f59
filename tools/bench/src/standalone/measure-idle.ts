import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import { removeMany, writeMany } from "./measure-burst.ts";
import { computeSpread } from "../percentiles.ts";
import { readProcessCost } from "../process-cost.ts";
import { computeGoal } from "./report.ts";
import type { Outcome } from "./report.ts";

const IDLE_PODS = 30;
/** What a burst leaves to be collected is not idleness. */
const SETTLE_MS = 15_000;
const SAMPLE_MS = 1000;

/** What the kubelet costs when 30 pods run and nothing happens. Nobody asks it anything meanwhile. */
export const measureIdle = async (bed: Bed): Promise<Outcome> => {
  const { kubelet, options, signal, say } = bed;
  const empty = await readProcessCost(kubelet.pid);
  const { names } = await writeMany(bed, "idle", IDLE_PODS);
  say(`idle: ${IDLE_PODS} pods run; settling for ${SETTLE_MS / 1000} s`);
  await systemClock.sleep(SETTLE_MS, { signal });
  const first = await readProcessCost(kubelet.pid);
  const startMs = systemClock.monotonicMs();
  const samples = [first];
  while (systemClock.monotonicMs() - startMs < options.idleSeconds * 1000) {
    await systemClock.sleep(SAMPLE_MS, { signal });
    samples.push(await readProcessCost(kubelet.pid));
  }
  const elapsedMs = systemClock.monotonicMs() - startMs;
  const last = samples.at(-1) ?? first;
  const millicores = ((last.cpuMs - first.cpuMs) / elapsedMs) * 1000;
  const rss = computeSpread(samples.map(({ rssMib }) => rssMib));
  say(`idle: ${millicores.toFixed(1)} millicores, ${rss.max.toFixed(1)} MiB`);
  await removeMany(bed, names);
  return {
    goals: [
      computeGoal("idle with 30 pods: CPU", millicores, { limit: 15, unit: "m" }),
      computeGoal("idle with 30 pods: RSS at its largest", rss.max, { limit: 85, unit: "MiB" }),
    ],
    spreads: {},
    figures: {
      idleCpuMillicores: millicores,
      idleRssMib: rss.p50,
      idleAnonMib: last.anonMib,
      emptyRssMib: empty.rssMib,
      emptyAnonMib: empty.anonMib,
    },
  };
};
