import type { FakeQuirks } from "./world.ts";

/** Which real runtime the fake is like; `full` has every RPC and none of the oddities. */
export type FakeProfile = "containerd-1.6" | "containerd-2.1" | "full";

/** What a profile stands for. */
export interface ProfileFacts {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** RPCs that it answers with Unimplemented. */
  readonly unimplemented: readonly string[];
  readonly quirks: FakeQuirks;
}

/** No runtime of today has the streamed lists of cri-api 0.36. */
const STREAMED_LISTS = [
  "StreamPodSandboxes",
  "StreamContainers",
  "StreamContainerStats",
  "StreamPodSandboxStats",
  "StreamPodSandboxMetrics",
  "StreamImages",
];

const METRICS_AND_RESIZE = ["ListMetricDescriptors", "ListPodSandboxMetrics", "UpdatePodSandboxResources"];

/** Measured on containerd 1.6.20 (Debian 12) and 2.1.9, 2026-11. */
export const PROFILES: { readonly [P in FakeProfile]: ProfileFacts } = {
  "containerd-1.6": {
    runtimeName: "containerd",
    runtimeVersion: "1.6.20",
    unimplemented: [...STREAMED_LISTS, ...METRICS_AND_RESIZE, "GetContainerEvents", "RuntimeConfig", "CheckpointContainer"],
    quirks: {
      stopsUnknown: false,
      reservedNameCode: "unknown",
      createsInStopped: false,
      givesImageId: false,
      givesUser: false,
      givesHandlers: false,
    },
  },
  "containerd-2.1": {
    runtimeName: "containerd",
    runtimeVersion: "2.1.9",
    unimplemented: [...STREAMED_LISTS, ...METRICS_AND_RESIZE],
    quirks: {
      stopsUnknown: true,
      reservedNameCode: "failed-precondition",
      createsInStopped: true,
      givesImageId: false,
      givesUser: true,
      givesHandlers: true,
    },
  },
  full: {
    runtimeName: "fake",
    runtimeVersion: "1.0.0",
    unimplemented: [],
    quirks: {
      stopsUnknown: true,
      reservedNameCode: "failed-precondition",
      createsInStopped: false,
      givesImageId: true,
      givesUser: true,
      givesHandlers: true,
    },
  },
};
