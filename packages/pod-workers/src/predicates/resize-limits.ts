import { ADMITTED, computeQosClass, isCriticalPod, listContainers, listResourceChanges } from "@nk/pod-model";
import type { AdmitResult, Container, Pod, ResizableResource } from "@nk/pod-model";

/** What of the node's configuration keeps pods from being resized. */
export interface ResizeLimits {
  /** KubeletConfiguration cpuManagerPolicy and memoryManagerPolicy; default `none` and `None`. */
  readonly cpuManagerPolicy?: string;
  readonly memoryManagerPolicy?: string;
  /** Whether containers may swap at all (`LimitedSwap` on cgroup v2). Default false. */
  readonly hasSwap?: boolean;
}

/** A resize that this node will never make. `detail` is the metric's label. */
export type ResizeVerdict = AdmitResult & { readonly detail?: string };

const infeasible = (detail: string, message: string): ResizeVerdict => ({ admit: false, reason: "Infeasible", message, detail });

const swaps = (pod: Pod, { resources }: Container): boolean => {
  if (computeQosClass(pod) !== "Burstable" || isCriticalPod(pod)) return false;
  return (resources?.requests?.["memory"] ?? "0") !== (resources?.limits?.["memory"] ?? "0");
};

const restartsForMemory = ({ resizePolicy = [] }: Container): boolean =>
  resizePolicy.find(({ resourceName }) => resourceName === "memory")?.restartPolicy === "RestartContainer";

/** How much a container may swap follows from its memory, and that is set once. */
const changesSwap = (allocated: Pod, wanted: Pod): boolean => {
  const before = new Map(listContainers(allocated).map((container) => [container.name, container]));
  return listContainers(wanted).some((container) => {
    const known = before.get(container.name);
    if (known === undefined || restartsForMemory(known)) return false;
    if (known.resources?.requests?.["memory"] === container.resources?.requests?.["memory"]) return false;
    return swaps(wanted, container) || swaps(allocated, known);
  });
};

/**
 * Whether the node can ever give the pod what it asks for while it runs, whatever room there is (podResizesAdmitHandler,
 * pkg/kubelet/allocation in the reference). Too little room is not its business: that may change.
 */
export const checkResize = (
  allocated: Pod,
  wanted: Pod,
  { limits = {}, isOn }: { readonly limits?: ResizeLimits; readonly isOn: (gate: string) => boolean },
): ResizeVerdict => {
  const { cpuManagerPolicy = "none", memoryManagerPolicy = "None", hasSwap = false } = limits;
  if (hasSwap && changesSwap(allocated, wanted))
    return infeasible("swap_limitation", "In-place resize of containers with swap is not supported.");
  const changes = listResourceChanges(allocated, wanted);
  if (changes.pod.length > 0 && !isOn("InPlacePodLevelResourcesVerticalScaling"))
    return infeasible("plr_feature_gate_off", "InPlacePodLevelResourcesVerticalScaling is disabled");
  if (computeQosClass(wanted) !== "Guaranteed") return ADMITTED;
  const touches = (resource: ResizableResource): boolean => Object.values(changes.containers).some((names) => names.includes(resource));
  const refuse = (manager: string, policy: string): ResizeVerdict =>
    infeasible(
      `guaranteed_pod_${manager.toLowerCase()}_manager_static_policy`,
      `Resize is infeasible for Guaranteed Pods alongside ${manager} Manager policy "${policy}"`,
    );
  if (cpuManagerPolicy === "static" && !isOn("InPlacePodVerticalScalingExclusiveCPUs") && touches("cpu")) return refuse("CPU", "static");
  if (memoryManagerPolicy === "Static" && !isOn("InPlacePodVerticalScalingExclusiveMemory") && touches("memory"))
    return refuse("Memory", "Static");
  return ADMITTED;
};
