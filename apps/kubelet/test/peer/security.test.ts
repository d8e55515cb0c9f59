import { afterAll, beforeAll, describe } from "vitest";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { describeBadInput } from "../cluster/bad-input-scenarios.ts";
import { describeRestart, describeSecurity } from "../cluster/security-scenarios.ts";

let opened: ClusterRig | undefined;

const rig = (): ClusterRig => {
  if (opened === undefined) throw new Error("the rig is not open");
  return opened;
};

beforeAll(async () => {
  opened = await openClusterRig({ config: { allowedUnsafeSysctls: ["net.core.somaxconn"] } });
});
afterAll(() => closeClusterLeakFree(opened));

// Most of a pod's life is waiting, so several wait at the same time.
describe.concurrent("a node of a cluster, and what its pods ask of the kernel", () => {
  describeSecurity(rig);
});

describe("a node of a cluster, and pods that ask for what cannot be", () => {
  describeBadInput(rig);
});

describe("a node of a cluster whose kubelet is killed", () => {
  describeRestart(rig);
});
