import { isHostNetwork } from "@nk/pod-model";
import type { Pod, RuntimePodStatus } from "@nk/pod-model";
import type { SandboxChange } from "./pod-plan.ts";

/** Whether the pod's newest sandbox can stay. */
export type SandboxDecision =
  | { readonly type: "keep"; readonly sandboxId: string; readonly attempt: number }
  | { readonly type: "replace"; readonly sandboxId?: string; readonly attempt: number; readonly change: SandboxChange };

/**
 * A new sandbox is needed when there is none, more than one is ready, the newest is not ready, its network is another than the pod
 * asks for, or it lost its addresses (reference: pkg/kubelet/kuberuntime/util/util.go, PodSandboxChanged). Sandboxes are newest first.
 */
export const decideSandbox = (pod: Pod, observed: RuntimePodStatus | undefined): SandboxDecision => {
  const newest = observed?.sandboxes[0];
  if (observed === undefined || newest === undefined) return { type: "replace", attempt: 0, change: "missing" };
  const replace = (change: SandboxChange): SandboxDecision => ({
    type: "replace",
    sandboxId: newest.id,
    attempt: newest.attempt + 1,
    change,
  });
  if (observed.sandboxes.filter((sandbox) => sandbox.state === "ready").length > 1) return replace("several-ready");
  if (newest.state !== "ready") return replace("not-ready");
  if ((newest.network === "node") !== isHostNetwork(pod)) return replace("network-mode");
  if (!isHostNetwork(pod) && newest.ips.length === 0) return replace("no-ip");
  return { type: "keep", sandboxId: newest.id, attempt: newest.attempt };
};
