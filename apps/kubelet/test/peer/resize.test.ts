import { afterAll, beforeAll, describe } from "vitest";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { describeRefusals, describeResizes, POD_LEVEL_RESIZE } from "../cluster/resize-scenarios.ts";

const gates: { [gate: string]: boolean } = { [POD_LEVEL_RESIZE]: true };
let opened: ClusterRig | undefined;

const rig = (): ClusterRig => {
  if (opened === undefined) throw new Error("the rig is not open");
  return opened;
};

beforeAll(async () => {
  opened = await openClusterRig({ config: { maxPods: 3, featureGates: gates } });
});
afterAll(() => closeClusterLeakFree(opened));

describe.concurrent("a pod that is resized", () => {
  describeResizes(rig);
});

// One after another: each fills the node, or kills the kubelet.
describe("a node without room", () => {
  describeRefusals(rig, gates);
});
