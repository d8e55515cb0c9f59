import { afterAll, beforeAll, describe } from "vitest";
import { startRegistry } from "@nk/tool-lab";
import type { Registry } from "@nk/tool-lab";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { describeDeletions } from "../cluster/deletion-scenarios.ts";
import { describeExplain } from "../cluster/explain-scenarios.ts";
import { describeKubectl } from "../cluster/kubectl-scenarios.ts";
import { describeLives } from "../cluster/life-scenarios.ts";
import { describeMetrics } from "../cluster/metrics-scenarios.ts";
import { describeNode } from "../cluster/node-scenarios.ts";
import { describeObjects } from "../cluster/object-scenarios.ts";

let opened: ClusterRig | undefined;
let registry: Registry | undefined;

const rig = (): ClusterRig => {
  if (opened === undefined) throw new Error("the rig is not open");
  return opened;
};
const openRegistry = (): Registry => {
  if (registry === undefined) throw new Error("the registry is not open");
  return registry;
};

beforeAll(async () => {
  opened = await openClusterRig({ withControllers: true });
  registry = await startRegistry({ auth: { username: "robot", password: "s3cret" }, yes: true });
});
afterAll(async () => {
  await registry?.close();
  await closeClusterLeakFree(opened);
});

// Most of a pod's life is waiting, so several wait at the same time.
describe.concurrent("a node of a cluster", () => {
  describe.concurrent("and what reaches its pods", () => {
    describeObjects(rig);
  });
  describe.concurrent("and its pods' lives", () => {
    describeLives(rig, openRegistry);
  });
  describe.concurrent("and its pods' ends", () => {
    describeDeletions(rig);
  });
  describe.concurrent("and kubectl", () => {
    describeKubectl(rig);
  });
  describe.concurrent("and what it explains", () => {
    describeExplain(rig);
  });
  describe.concurrent("and its metrics", () => {
    describeMetrics(rig);
  });
});

describe("the node itself", () => {
  describeNode(rig);
});
