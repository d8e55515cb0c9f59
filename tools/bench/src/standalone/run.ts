import { isLeakFree, startLab } from "@nk/tool-lab";
import type { StandaloneMeasurement, StandaloneOptions } from "../options.ts";
import { inBed } from "./bed.ts";
import type { Bed, BedParts } from "./bed.ts";
import { measureBurst } from "./measure-burst.ts";
import { measureChange } from "./measure-change.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureRemove } from "./measure-remove.ts";
import { measureStart } from "./measure-start.ts";
import { formatReport } from "./report.ts";
import type { Outcome } from "./report.ts";

const MEASURES: { readonly [K in StandaloneMeasurement]: (bed: Bed) => Promise<Outcome> } = {
  start: measureStart,
  change: measureChange,
  remove: measureRemove,
  burst: measureBurst,
  idle: measureIdle,
};

const measureAll = async (parts: Omit<BedParts, "lab">): Promise<{ readonly [name: string]: Outcome }> => {
  const { options, signal, say } = parts;
  const { containerd, yes } = options;
  const lab = await startLab({ containerd, yes, signal, onProgress: say });
  const outcomes: { [name: string]: Outcome } = {};
  try {
    for (const name of options.only) {
      say(`measuring ${name} on containerd ${containerd}`);
      outcomes[name] = await inBed({ ...parts, lab }, MEASURES[name]);
    }
  } finally {
    const report = await lab.close();
    if (!isLeakFree(report)) say(`something of the run is left on the host: ${JSON.stringify(report)}`);
  }
  return outcomes;
};

/** Measures a kubelet that has static pods only; resolves with the text for stdout. */
export const runStandalone = async (
  options: StandaloneOptions,
  parts: Pick<BedParts, "entry" | "signal" | "say">,
): Promise<{ readonly isMet: boolean; readonly text: string }> => {
  const outcomes = await measureAll({ ...parts, options });
  const isMet = Object.values(outcomes).every(({ goals }) => goals.every((goal) => goal.isMet));
  const { containerd } = options;
  const json = { ok: isMet, containerd, node: process.version, ...outcomes };
  return { isMet, text: options.json ? `${JSON.stringify(json)}\n` : formatReport(outcomes) };
};
