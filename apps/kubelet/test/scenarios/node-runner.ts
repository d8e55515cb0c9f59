import { rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod } from "@nk/pod-model";
import type { RecordingProxy } from "@nk/tool-recordings";
import { objectPath } from "../api-objects.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { until } from "../until.ts";
import { describeStatus } from "./describe-status.ts";
import type { Turn } from "./kubelet-barrier.ts";
import { findDifference, isSameLine } from "./match-trace.ts";
import { imageOf, STATE, toRealContainer, toRealPod } from "./node-pod.ts";
import type { NodeTrace } from "./node-trace.ts";
import type { Scenario, Step } from "./scenario.ts";
import { isTold } from "./words.ts";

/** A node and everything its pods are looked at with. */
export interface Node {
  readonly rig: ClusterRig;
  readonly proxy: RecordingProxy;
  readonly trace: NodeTrace;
}

/** A scenario that was played to its end; what became of it later can still be asked. */
export interface Played {
  /** Throws when the pod did something that the scenario does not say. */
  check(): void;
}

interface Run {
  readonly node: Node;
  readonly turn: Turn;
  readonly name: string;
  scenario: Scenario;
  uid: string;
  /** Every version of the pod, and every event about it. */
  readonly versions: Pod[];
  readonly told: Set<string>;
  /** How much of the watches was looked at, and how many of the versions have had their step. */
  readonly cursor: { pods: number; events: number; steps: number };
}

const STEP_TIMEOUT_MS = 40_000;

/** Takes over what the watches have seen of the pod since it was asked last. */
const catchUp = (run: Run): void => {
  const { node, uid, name, versions, told, cursor } = run;
  const { pods, events } = node.rig;
  for (const pod of pods.all.slice(cursor.pods)) if (pod.metadata?.uid === uid) versions.push(pod);
  for (const event of events.all.slice(cursor.events)) {
    const { involvedObject, reason, message } = event;
    if (involvedObject.uid !== uid || !isTold(event)) continue;
    told.add(`${reason} ${involvedObject.fieldPath ?? "pod"}: ${message}`.replaceAll(`${name}_default(${uid})`, "POD"));
  }
  cursor.pods = pods.all.length;
  cursor.events = events.all.length;
};

const latest = (run: Run): Pod => {
  catchUp(run);
  const pod = run.versions.at(-1);
  if (pod === undefined) throw new Error(`pod ${run.name} was never seen`);
  return pod;
};

const stateDir = ({ node, uid }: Run): string => join(node.rig.lab.kubeletDir, "pods", uid, "volumes/kubernetes.io~empty-dir", STATE);

const runningIds = (run: Run): ReadonlyMap<string, string> => {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = latest(run).status ?? {};
  return new Map(
    [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
      .filter(({ state }) => state?.running !== undefined)
      .map(({ name, containerID = "" }) => [name, containerID.replace("containerd://", "")]),
  );
};

const linesOf = ({ node, uid, scenario }: Run): readonly string[] => node.trace.linesOf(uid, scenario.spec);

/** A script is up when it listens to signals; before, it would sleep through them. */
const untilUp = (run: Run, name: string): Promise<boolean> =>
  until(`container ${name} of ${run.name} to be up`, async () => existsSync(join(stateDir(run), `${name}.up`)));

const untilAllUp = async (run: Run): Promise<void> => {
  await Promise.all([...runningIds(run).keys()].map((name) => untilUp(run, name)));
};

const endContainer = async (run: Run, name: string, code: string): Promise<void> => {
  await untilUp(run, name);
  const containerId = runningIds(run).get(name);
  if (containerId === undefined) throw new Error(`container ${name} of ${run.name} does not run`);
  await writeFile(join(stateDir(run), `${name}.exit`), code);
  await run.node.rig.cri.execSync({ containerId, cmd: ["sh", "-c", `kill -USR1 $(cat /${STATE}/${name}.up)`], timeout: 10n });
};

const verdict = async (run: Run, file: string, content: string | undefined): Promise<void> => {
  await untilUp(run, file.split(".")[0] ?? "");
  const path = join(stateDir(run), file);
  if (content === undefined) await rm(path, { force: true });
  else await writeFile(path, content);
};

const changeImage = async ({ node, name }: Run, container: string, image: string): Promise<void> => {
  const path = objectPath("Pod", name);
  const pod = (await node.rig.api.json(path)) as Pod;
  const list = pod.spec?.containers.some((one) => one.name === container) === true ? "containers" : "initContainers";
  const index = pod.spec?.[list]?.findIndex((one) => one.name === container);
  const body = [{ op: "replace", path: `/spec/${list}/${index}/image`, value: imageOf(image) }];
  await node.rig.api.json(path, { method: "PATCH", body, contentType: "application/json-patch+json" });
};

const addDebugger = async (run: Run, [name = "", target = "-", ...args]: readonly string[]): Promise<void> => {
  const container = { name, args: [args.join(" ")] } as Container;
  const { scenario, node } = run;
  const ephemeralContainers = [...(scenario.spec.ephemeralContainers ?? []), container];
  run.scenario = { ...scenario, spec: { ...scenario.spec, ephemeralContainers } };
  const real = { ...toRealContainer(run.scenario, container), ...(target === "-" ? {} : { targetContainerName: target }) };
  await node.rig.api.json(`${objectPath("Pod", run.name)}/ephemeralcontainers`, {
    method: "PATCH",
    body: { spec: { ephemeralContainers: [real] } },
    contentType: "application/strategic-merge-patch+json",
  });
};

const sandboxesOf = async ({ node, uid }: Run): Promise<readonly string[]> => {
  const filter = { id: "", state: undefined, labelSelector: { "io.kubernetes.pod.uid": uid } };
  return (await node.rig.cri.listPodSandbox({ filter })).items.map(({ id }) => id);
};

/** The process that holds a sandbox dies; its containers run on. */
const killSandbox = async (run: Run): Promise<void> => {
  await untilAllUp(run);
  for (const podSandboxId of await sandboxesOf(run)) {
    const { info } = await run.node.rig.cri.podSandboxStatus({ podSandboxId, verbose: true });
    const { pid } = JSON.parse(info["info"] ?? "{}") as { readonly pid?: number };
    if (pid === undefined || pid <= 1) throw new Error(`the runtime does not tell the process of sandbox ${podSandboxId}`);
    process.kill(pid, "SIGKILL");
  }
};

/** What a reboot leaves of a pod: everything has ended. */
const endEverything = async (run: Run): Promise<void> => {
  for (const podSandboxId of await sandboxesOf(run)) await run.node.rig.cri.stopPodSandbox({ podSandboxId });
};

type Command = (run: Run, words: readonly string[]) => Promise<void>;

const COMMANDS: { readonly [verb: string]: Command } = {
  create: async (run) => {
    const { metadata } = await run.node.rig.create(toRealPod(run.scenario, run.name));
    run.uid = metadata?.uid ?? "";
  },
  end: (run, [name = "", code = ""]) => endContainer(run, name, code),
  // Time passes by itself.
  wait: async () => undefined,
  startup: (run, [name = "", said]) => verdict(run, `${name}.startup`, said === "fails" ? "1" : "0"),
  liveness: (run, [name = ""]) => verdict(run, `${name}.dead`, ""),
  readiness: (run, [name = "", said]) => verdict(run, `${name}.ready`, said === "fails" ? undefined : ""),
  image: async (run, [name = "", image = ""]) => {
    await untilAllUp(run);
    await changeImage(run, name, image);
  },
  debug: addDebugger,
  "kill-sandbox": killSandbox,
  "restart-kubelet": (run) => run.turn.restart(async () => undefined),
  reboot: (run) => run.turn.restart(() => endEverything(run)),
  delete: async (run, [grace, _and, _then, shorter]) => {
    await untilAllUp(run);
    const { rig } = run.node;
    await rig.remove("Pod", run.name, grace === undefined ? undefined : Number(grace));
    if (shorter === undefined) return;
    await until(`${run.name} to be told to stop`, async () =>
      linesOf(run).some((line) => line.endsWith(` is told to stop within ${grace} s`)),
    );
    await rig.remove("Pod", run.name, Number(shorter));
  },
  "force-delete": async (run) => {
    await untilAllUp(run);
    await run.node.rig.remove("Pod", run.name, 0);
  },
};

const isGone = ({ node, name }: Run): boolean => node.rig.pods.get(name) === undefined;

/** Looks at the versions that came since the last step; true when one of them is as the step says. */
const findStatus = (run: Run, status: readonly string[]): boolean => {
  const wanted = status.join("\n");
  if (wanted === "the pod is gone") return isGone(run);
  const index = run.versions.findIndex((pod, at) => at >= run.cursor.steps && describeStatus(pod.status).join("\n") === wanted);
  if (index < 0) return false;
  run.cursor.steps = index;
  return true;
};

const missingLines = (expected: readonly string[], seen: readonly string[]): readonly string[] => {
  const left = [...seen];
  return expected
    .flatMap((line) => line.split(" | "))
    .filter((line) => {
      const at = left.findIndex((one) => isSameLine(line, one));
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
};

const untilStep = async (run: Run, step: Step, expected: readonly string[]): Promise<void> => {
  let missing: readonly string[] = [];
  const look = (): boolean => {
    catchUp(run);
    const lines = missingLines(expected, linesOf(run));
    missing = [...lines, ...step.events.filter((event) => !run.told.has(event)).map((event) => `event ${event}`)];
    if (missing.length > 0) return false;
    missing = step.status;
    return findStatus(run, step.status);
  };
  const now = (): readonly string[] => (isGone(run) ? ["the pod is gone"] : describeStatus(latest(run).status));
  const seen = (): string => linesOf(run).join("; ");
  await until(
    () => `"${missing.join("; ")}" after "$ ${step.command}"; the status is "${now().join("; ")}"; seen: ${seen()}`,
    async () => look(),
    { timeoutMs: STEP_TIMEOUT_MS, intervalMs: 150 },
  );
};

/** Plays a scenario on a node, each command when what the one before it makes happen has been seen. */
export const playOnNode = async (
  node: Node,
  scenario: Scenario,
  { name, turn }: { readonly name: string; readonly turn: Turn },
): Promise<Played> => {
  const cursor = { pods: node.rig.pods.all.length, events: node.rig.events.all.length, steps: 0 };
  const run: Run = { node, turn, name, scenario, uid: "", versions: [], told: new Set(), cursor };
  const expected: string[] = [];
  for (const step of scenario.steps) {
    const [verb = "", ...words] = step.command.split(" ");
    const command = COMMANDS[verb];
    if (command === undefined) throw new Error(`nobody knows the command ${step.command}`);
    await command(run, words);
    expected.push(...step.trace);
    await untilStep(run, step, expected);
  }
  // A pod in its back-off goes on by itself.
  const mayGoOn = scenario.steps.at(-1)?.status.some((line) => line.includes("CrashLoopBackOff")) === true;
  return {
    check: () => {
      const difference = findDifference(expected, linesOf(run), { mayGoOn });
      if (difference !== undefined) throw new Error(difference);
      catchUp(run);
      const told = new Set(scenario.steps.flatMap(({ events }) => events));
      const untold = [...run.told].filter((event) => !told.has(event));
      if (untold.length > 0 && !mayGoOn) throw new Error(`events of which the scenario says nothing: ${untold.join("; ")}`);
    },
  };
};
