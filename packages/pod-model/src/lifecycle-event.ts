import type { PodUid } from "./ids.ts";

/**
 * What PLEG saw happen to one pod. `ContainerDied` carries the exit code where it is known; `PodSync` means that something changed
 * which is not one container's life (a sandbox's state, an IP).
 */
export type PodLifecycleEvent =
  | { readonly type: "ContainerStarted"; readonly uid: PodUid; readonly containerId: string }
  | { readonly type: "ContainerDied"; readonly uid: PodUid; readonly containerId: string; readonly exitCode?: number }
  | { readonly type: "ContainerRemoved"; readonly uid: PodUid; readonly containerId: string }
  | { readonly type: "ContainerChanged"; readonly uid: PodUid; readonly containerId: string }
  | { readonly type: "PodSync"; readonly uid: PodUid };
