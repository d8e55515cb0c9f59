import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRecordingProxy, readStandalone } from "@nk/tool-recordings";
import type { RecordingProxy, ShownPod, StandaloneStep } from "@nk/tool-recordings";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { livesOfCalls, livesOfRecording, toShownPod, withoutRun } from "../recorded-life.ts";
import type { LifeCall } from "../recorded-life.ts";
import { closeLeakFree, openRig, report } from "../rig.ts";
import type { Rig } from "../rig.ts";
import { until } from "../until.ts";

/** Calls that lie in another step than the reference's, or that only one of the two made. */
interface StatedCalls {
  readonly reason: string;
  /** `life method subject: step there -> step here`; a step that is not there is written "never". */
  readonly calls: readonly string[];
}

const STATED_CALLS: readonly StatedCalls[] = [
  {
    reason: "a changed pod comes back as soon as the old one is gone; the reference takes over 9 s, which is in its recording's next step",
    calls: [
      "s01-node-1#1 RunPodSandbox : 8 -> 7",
      "s01-node-1#1 CreateContainer main: 8 -> 7",
      "s01-node-1#1 StartContainer main: 8 -> 7",
      "s03-node-1#1 CreateContainer a: 9 -> 8",
      "s03-node-1#1 StartContainer a: 9 -> 8",
      "s03-node-1#1 CreateContainer b: 9 -> 8",
      "s03-node-1#1 StartContainer b: 9 -> 8",
    ],
  },
  {
    reason: "a stopped sandbox is removed at once; the reference leaves it to its garbage collection, seconds later",
    calls: ["s01-node-1#0 RemovePodSandbox : 9 -> 7", "s03-node-1#0 RemovePodSandbox : 9 -> 8"],
  },
  {
    reason: "the reference stops each sandbox once more before it removes it; one that this kubelet has stopped is only removed",
    calls: [
      "s01-node-1#0 StopPodSandbox : 9 -> never",
      "s02-node-1#0 StopPodSandbox : 9 -> never",
      "s03-node-1#0 StopPodSandbox : 9 -> never",
    ],
  },
  {
    reason: "the recording ends before the reference removes anything of the last step",
    calls: [
      "s01-node-1#1 RemoveContainer main: never -> 10",
      "s01-node-1#1 RemovePodSandbox : never -> 10",
      "s03-node-1#1 RemoveContainer init: never -> 10",
      "s03-node-1#1 RemoveContainer a: never -> 10",
      "s03-node-1#1 RemoveContainer b: never -> 10",
      "s03-node-1#1 RemovePodSandbox : never -> 10",
      "s05-node-1#0 RemoveContainer main: never -> 10",
      "s05-node-1#0 RemovePodSandbox : never -> 10",
    ],
  },
];

/** Pods that `/pods` shows otherwise than the recording, by step: the reference's old pod was still going when it was asked. */
const STATED_PODS: ReadonlyMap<string, Pick<ShownPod, "phase" | "qosClass" | "containers">> = new Map([
  ["7 s01-node-1", { phase: "Running", qosClass: "BestEffort", containers: [{ name: "main", state: "running", restartCount: 0 }] }],
  [
    "8 s03-node-1",
    {
      phase: "Running",
      qosClass: "BestEffort",
      containers: [
        { name: "a", state: "running", restartCount: 0 },
        { name: "b", state: "running", restartCount: 0 },
      ],
    },
  ],
]);

const steps = readStandalone();
/** Where in the list of calls each step begins. */
const begins: number[] = [];
let rig: Rig | undefined;
let proxy: RecordingProxy | undefined;

beforeAll(async () => {
  rig = await openRig({
    containerd: "2.1",
    config: { resolvConf: fileURLToPath(new URL("../fixtures/resolv.conf", import.meta.url)) },
    endpointFor: async (lab) => {
      proxy ??= await openRecordingProxy({ listen: join(lab.dir, "proxy.sock"), runtime: lab.endpoint.replace("unix://", "") });
      return proxy.endpoint;
    },
  });
});

afterAll(async () => {
  try {
    await closeLeakFree(rig);
  } finally {
    await proxy?.close();
  }
});

const use = (): { readonly rig: Rig; readonly proxy: RecordingProxy } => {
  if (rig === undefined || proxy === undefined) throw new Error("the rig is not open");
  return { rig, proxy };
};

const byName = (a: ShownPod, b: ShownPod): number => (a.metadata.name < b.metadata.name ? -1 : 1);

/** What `/pods` shall show after a step. */
const expectedPods = (index: number): readonly ShownPod[] =>
  (steps[index]?.pods ?? []).map((pod) => ({ ...withoutRun(pod), ...STATED_PODS.get(`${index} ${pod.metadata.name}`) })).toSorted(byName);

const shownPods = async (index: number): Promise<readonly ShownPod[]> => {
  const recorded = steps[index]?.pods ?? [];
  const pods = await use().rig.kubelet.listPods();
  return pods
    .map((pod) =>
      toShownPod(
        pod,
        recorded.find(({ metadata }) => metadata.name === pod.metadata?.name),
      ),
    )
    .toSorted(byName);
};

const summary = (pods: readonly ShownPod[]): string =>
  pods.map(({ metadata, phase, containers }) => `${metadata.name} ${phase} ${JSON.stringify(containers)}`).join("; ");

const sandboxNames = async (): Promise<string> => {
  const { items } = await use().rig.cri.listPodSandbox();
  return items
    .map(({ metadata }) => metadata?.name ?? "")
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(" ");
};

/** UID of the pod that the step's file is about. */
const uidOf = async ({ file }: StandaloneStep): Promise<string | undefined> =>
  (await use().rig.pod(file.replace(".json", "")))?.metadata?.uid;

const applyStep = async ({ file, manifest }: StandaloneStep): Promise<void> => {
  if (manifest !== null) return use().rig.write(file, manifest);
  const files = file === "*" ? [...new Set(steps.map((one) => one.file))].filter((one) => one !== "*") : [file];
  await Promise.all(files.map((one) => use().rig.remove(one)));
};

/** Until the runtime has what the step wants and `/pods` shows it; a refused file is named in the log. */
const untilSettled = async (index: number, uidBefore: string | undefined): Promise<void> => {
  const step = steps[index];
  const wanted = summary(expectedPods(index));
  const sandboxes = expectedPods(index)
    .map(({ metadata }) => metadata.name)
    .join(" ");
  let last = "";
  await until(
    () => `step ${index} to settle: wanted ${wanted}; sandboxes ${sandboxes}; the last was ${last}`,
    async () => {
      // First: what is read after the new pod was seen is not the old pod's.
      const isOld = step !== undefined && step.cri.length > 0 && uidBefore !== undefined && (await uidOf(step)) === uidBefore;
      const shown = summary(await shownPods(index));
      const present = await sandboxNames();
      last = `${shown}; sandboxes ${present}`;
      return shown === wanted && present === sandboxes && !isOld;
    },
  );
  if (step !== undefined && step.cri.length === 0)
    await until(`the log to name ${step.file}`, async () => (await readFile(use().rig.logFile, "utf8")).includes(step.file));
};

describe("the eleven steps of the recording without an API server, on containerd 2.1", () => {
  it.each(steps.map(({ step }, index) => ({ step, index })))("shows the recorded pods after: $step", async ({ index }) => {
    const step = steps[index];
    if (step === undefined) throw new Error("no such step");
    begins.push(use().proxy.calls.length);
    const uidBefore = await uidOf(step);
    await applyStep(step);
    await untilSettled(index, uidBefore);
    expect(await shownPods(index)).toEqual(expectedPods(index));
  });

  it("asks of the runtime what the reference asked, but for the stated differences", () => {
    const { lab } = use().rig;
    const ours = livesOfCalls(use().proxy.calls, {
      paths: { rootDir: lab.kubeletDir, podLogsDir: use().rig.podLogsDir, cgroupRoot: lab.cgroupRoot },
      stepOf: (index) => begins.findLastIndex((begin) => begin <= index),
    });
    const recorded = livesOfRecording(steps);
    const lives = [...new Set(recorded.map(({ life }) => life))].toSorted();
    expect([...new Set(ours.map(({ life }) => life))].toSorted()).toEqual(lives);
    const comparison = lives.map((life) => compareLives(life, { recorded: of(recorded, life), ours: of(ours, life) }));
    expect(comparison.flatMap(({ moved }) => moved).toSorted()).toEqual(STATED_CALLS.flatMap(({ calls }) => calls).toSorted());
    for (const { matched } of comparison) for (const pair of matched) expect(pair.ours.request).toEqual(pair.recorded.request);
    for (const { order } of comparison) expect(order.ours).toEqual(order.recorded);
    const matched = comparison.reduce((sum, one) => sum + one.matched.length, 0);
    const stated = STATED_CALLS.reduce((sum, one) => sum + one.calls.length, 0);
    report(
      `standalone: ${steps.length} steps; ${recorded.length} requests recorded, ${ours.length} made, ${matched} equal in every field; ` +
        `${stated} in another step or of one side only, for ${STATED_CALLS.length} stated reasons in ${lives.length} lives of pods`,
    );
  });
});

const of = (calls: readonly LifeCall[], life: string): readonly LifeCall[] => calls.filter((call) => call.life === life);

interface Sides<T> {
  readonly recorded: T;
  readonly ours: T;
}

const keyOf = ({ method, subject }: LifeCall): string => `${method} ${subject}`;

/** Stops of one pod's containers run side by side, and so do removals: their order means nothing. */
const orderOf = (calls: readonly LifeCall[], keys: ReadonlySet<string>): readonly string[] => {
  const order: string[] = [];
  let group: string[] = [];
  let groupMethod = "";
  const flush = (): void => {
    order.push(...group.toSorted());
    group = [];
  };
  for (const call of calls) {
    if (!keys.has(keyOf(call))) continue;
    if (call.method !== groupMethod) flush();
    groupMethod = call.method;
    if (call.method === "StopContainer" || call.method === "RemoveContainer") group.push(keyOf(call));
    else order.push(keyOf(call));
  }
  flush();
  return order;
};

/** Pairs the n-th call of each kind; tells what moved to another step, what has no partner, and the order of what both have. */
const compareLives = (life: string, sides: Sides<readonly LifeCall[]>) => {
  const keys = new Set([...sides.recorded, ...sides.ours].map(keyOf));
  const moved: string[] = [];
  const matched: Sides<LifeCall>[] = [];
  const shared = new Set<string>();
  for (const key of keys) {
    const theirs = sides.recorded.filter((call) => keyOf(call) === key);
    const mine = sides.ours.filter((call) => keyOf(call) === key);
    if (theirs.length > 0 && theirs.length === mine.length) shared.add(key);
    for (let n = 0; n < Math.max(theirs.length, mine.length); n += 1) {
      const recorded = theirs[n];
      const ours = mine[n];
      if (recorded !== undefined && ours !== undefined) matched.push({ recorded, ours });
      if (recorded?.step !== ours?.step) moved.push(`${life} ${key}: ${recorded?.step ?? "never"} -> ${ours?.step ?? "never"}`);
    }
  }
  return { moved, matched, order: { recorded: orderOf(sides.recorded, shared), ours: orderOf(sides.ours, shared) } };
};
