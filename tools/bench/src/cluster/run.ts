import { isLeakFree, startControlPlane, startLab } from "@nk/tool-lab";
import type { ControlPlane, Lab } from "@nk/tool-lab";
import { runSubprocess } from "@nk/stdx";
import type { ClusterMeasurement, ClusterOptions } from "../options.ts";
import { inBed, nodeNameOf, readLoad } from "./bed.ts";
import type { Bed, BedParts, Subject } from "./bed.ts";
import type { Figure } from "./figures.ts";
import { measureBurst } from "./measure-burst.ts";
import { measureInit, measureScheduled, measureSingle } from "./measure-single.ts";
import { formatReport, isMet } from "./report.ts";
import type { Outcome, SubjectReport } from "./report.ts";

const MEASURES: { readonly [K in ClusterMeasurement]: (bed: Bed) => Promise<readonly Figure[]> } = {
  single: measureSingle,
  init: measureInit,
  scheduled: measureScheduled,
  burst: measureBurst,
};

const NAMESPACE = "nk-bench";

/** What both kinds of run are given. */
export interface RunParts {
  /** Our kubelet. */
  readonly entry: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const readVersion = async (entry: string, signal: AbortSignal): Promise<string> => {
  const argv = /\.[cm]?[jt]s$/u.test(entry) ? [process.execPath, entry] : [entry];
  const [command, ...args] = [...argv, "--version"];
  const { stdout } = await runSubprocess([command, ...args], { timeoutMs: 20_000, signal });
  return String(stdout).trim();
};

const addSubject = async (controlPlane: ControlPlane, name: string, entry: string): Promise<Subject> => {
  const user = `system:node:${nodeNameOf({ name })}`;
  return { name, entry, kubeconfig: await controlPlane.addIdentity({ user, groups: ["system:nodes"] }) };
};

/** Each measurement is made of one kubelet after the other, so that they find the machine in much the same state. */
const measureAll = async (parts: BedParts, subjects: readonly Subject[]): Promise<ReadonlyMap<string, SubjectReport>> => {
  const { options, say, signal } = parts;
  const found = new Map<string, { readonly version: string; readonly outcomes: { [name: string]: Outcome } }>();
  for (const { name, entry } of subjects) found.set(name, { version: await readVersion(entry, signal), outcomes: {} });
  for (const measurement of options.only) {
    for (const subject of subjects) {
      say(`measuring ${measurement} of the ${subject.name} kubelet on containerd ${options.containerd}`);
      const before = await readLoad();
      const figures = await inBed(parts, subject, MEASURES[measurement]);
      const report = found.get(subject.name);
      if (report !== undefined) report.outcomes[measurement] = { figures, load: [before, await readLoad()] };
    }
  }
  return found;
};

const withControlPlane = async <T>(
  lab: Lab,
  { options, signal, say }: Pick<BedParts, "options" | "signal" | "say">,
  measure: (controlPlane: ControlPlane) => Promise<T>,
): Promise<T> => {
  const controlPlane = await startControlPlane({ lab, kind: options.controlPlane, signal, onProgress: say });
  try {
    await controlPlane.createNamespace(NAMESPACE, { signal });
    return await measure(controlPlane);
  } finally {
    await controlPlane.close();
  }
};

/** Measures a kubelet whose pods come from an API server, and another one for comparison; resolves with the text for stdout. */
export const runCluster = async (
  options: ClusterOptions,
  { entry, signal, say }: RunParts,
): Promise<{ readonly isMet: boolean; readonly text: string }> => {
  const { containerd, yes, kubelet } = options;
  const lab = await startLab({ containerd, yes, signal, onProgress: say });
  try {
    return await withControlPlane(lab, { options, signal, say }, async (controlPlane) => {
      const own = await addSubject(controlPlane, "own", entry);
      const subjects = kubelet === undefined ? [own] : [own, await addSubject(controlPlane, "other", kubelet)];
      const found = await measureAll({ lab, controlPlane, namespace: NAMESPACE, options, signal, say }, subjects);
      const [ours, other] = [found.get("own"), found.get("other")];
      if (ours === undefined) throw new Error("nothing was measured");
      const met = isMet(ours);
      const json = { ok: met, containerd, controlPlane: controlPlane.kind, node: process.version, own: ours, ...(other && { other }) };
      return { isMet: met, text: options.json ? `${JSON.stringify(json)}\n` : formatReport(ours, other) };
    });
  } finally {
    const report = await lab.close();
    if (!isLeakFree(report)) say(`something of the run is left on the host: ${JSON.stringify(report)}`);
  }
};
