import { join } from "node:path";
import { expect, it } from "vitest";
import { openRecordingProxy } from "@nk/tool-recordings";
import type { RecordingProxy } from "@nk/tool-recordings";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import { createKubeletBarrier } from "../scenarios/kubelet-barrier.ts";
import type { KubeletBarrier } from "../scenarios/kubelet-barrier.ts";
import { playOnNode } from "../scenarios/node-runner.ts";
import type { Node, Played } from "../scenarios/node-runner.ts";
import { watchNode } from "../scenarios/node-trace.ts";
import { listScenarioFiles, readScenarios } from "../scenarios/scenario.ts";
import { until } from "../until.ts";

/** The back-off that the scenarios are written for. */
const CONFIG = { crashLoopBackOff: { maxContainerRestartPeriod: "4s" }, maxPods: 200 };

/** `NK_SCENARIOS`: only those whose file and title contain it. */
const wanted = process.env["NK_SCENARIOS"] ?? "";
const scenarios = listScenarioFiles()
  .flatMap(readScenarios)
  .filter(({ file, title }) => `${file} ${title}`.includes(wanted));

/** So many pods at the same time keep a machine busy, and leave it quick enough for what a scenario says of times. */
const MAX_AT_ONCE = 24;

const play = async (node: Node, barrier: KubeletBarrier, index: number): Promise<Played> => {
  const scenario = scenarios[index];
  if (scenario === undefined) throw new Error(`there is no scenario ${index}`);
  const turn = await barrier.enter();
  try {
    return await playOnNode(node, scenario, { name: `scenario-${index}`, turn });
  } finally {
    turn.done();
  }
};

/** Pods that were deleted must be gone from the runtime, too: no container and no sandbox stays. */
const removeAll = async ({ rig }: Node): Promise<void> => {
  const isEmpty = async (): Promise<boolean> => {
    // Some go by themselves meanwhile, and a connection may be closed under so many requests: what is left is asked again.
    await Promise.allSettled(rig.pods.list().map(({ metadata }) => rig.remove("Pod", metadata?.name ?? "", 1)));
    const [{ items }, { containers }] = await Promise.all([
      rig.cri.listPodSandbox({ filter: undefined }),
      rig.cri.listContainers({ filter: undefined }),
    ]);
    return items.length === 0 && containers.length === 0;
  };
  // Not asked all the time: a hundred requests each time would be most of the work of a small machine.
  await until("the runtime to have nothing of the pods any more", isEmpty, { timeoutMs: 60_000, intervalMs: 250 });
};

it("plays every scenario on a node", { timeout: 180_000 }, async () => {
  let proxy: RecordingProxy | undefined;
  const rig = await openClusterRig({
    config: CONFIG,
    endpointFor: async (lab) => {
      proxy ??= await openRecordingProxy({ listen: join(lab.dir, "recording-proxy.sock"), runtime: lab.endpoint.replace("unix://", "") });
      return proxy.endpoint;
    },
  });
  const failures: string[] = [];
  try {
    if (proxy === undefined) throw new Error("the kubelet was not sent to the proxy");
    const trace = watchNode(proxy, rig.cri);
    const node: Node = { rig, proxy, trace };
    const barrier = createKubeletBarrier(rig, { scenarioCount: scenarios.length, maxAtOnce: MAX_AT_ONCE });
    const results = await Promise.allSettled(scenarios.map((_scenario, index) => play(node, barrier, index)));
    for (const [index, result] of results.entries()) {
      const { file = "", title = "" } = scenarios[index] ?? {};
      try {
        if (result.status === "rejected") throw result.reason;
        result.value.check();
      } catch (error) {
        failures.push(`${file}: ${title}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await removeAll(node);
    trace.close();
  } finally {
    await closeClusterLeakFree(rig);
    await proxy?.close();
  }
  // oxlint-disable-next-line no-console -- what the run came to, for whoever started it
  console.log(`passed ${scenarios.length - failures.length}, failed ${failures.length}`);
  // As one text: a list would be shown by its length only where a report has one line for it.
  expect(failures.join("\n")).toBe("");
});
