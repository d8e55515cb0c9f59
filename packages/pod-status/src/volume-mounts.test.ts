import { applyPodDefaults } from "@nk/pod-model";
import type { VolumeMount, VolumeMountStatus } from "@nk/pod-model";
import { expect, it } from "vitest";
import { computePodStatus } from "./compute-pod-status.ts";

const toldOf = (mount: Partial<VolumeMount>, supportsRecursiveReadOnly?: boolean): VolumeMountStatus | undefined => {
  const volumeMounts = [{ name: "v", mountPath: "/v", ...mount }];
  const status = computePodStatus({
    pod: applyPodDefaults({ metadata: { name: "p", uid: "u" }, spec: { containers: [{ name: "main", image: "x", volumeMounts }] } }),
    observed: undefined,
    previous: undefined,
    nowMs: 0,
    stoppedForGood: false,
    runtimeName: "containerd",
    nodeIps: [],
    waiting: new Map(),
    probes: new Map(),
    terminationMessages: new Map(),
    ...(supportsRecursiveReadOnly === undefined ? {} : { supportsRecursiveReadOnly }),
  });
  return status.containerStatuses?.[0]?.volumeMounts?.[0];
};

it.each<[Partial<VolumeMount>, boolean | undefined, Partial<VolumeMountStatus>]>([
  [{}, true, {}],
  [{ readOnly: false }, true, {}],
  [{ readOnly: true }, true, { readOnly: true, recursiveReadOnly: "Disabled" }],
  [{ readOnly: true, recursiveReadOnly: "IfPossible" }, true, { readOnly: true, recursiveReadOnly: "Enabled" }],
  [{ readOnly: true, recursiveReadOnly: "IfPossible" }, false, { readOnly: true, recursiveReadOnly: "Disabled" }],
  [{ readOnly: true, recursiveReadOnly: "IfPossible" }, undefined, { readOnly: true, recursiveReadOnly: "Disabled" }],
  [{ readOnly: true, recursiveReadOnly: "Enabled" }, true, { readOnly: true, recursiveReadOnly: "Enabled" }],
  [{ readOnly: true, recursiveReadOnly: "Enabled" }, false, { readOnly: true, recursiveReadOnly: "Disabled" }],
  [
    { readOnly: true, recursiveReadOnly: "Enabled", mountPropagation: "HostToContainer" },
    true,
    { readOnly: true, recursiveReadOnly: "Disabled" },
  ],
])("tells of the mount %j on a handler that can mount so recursively (%s)", (mount, isSupported, told) => {
  expect(toldOf(mount, isSupported)).toEqual({ name: "v", mountPath: "/v", ...told });
});
