import type { Node, Taint } from "@nk/pod-model";
import type { MachineFacts } from "./facts.ts";
import type { ResolvedSettings } from "./settings.ts";

/** Set while the attach-detach controller, and not this kubelet, attaches volumes. */
export const CONTROLLER_MANAGED_ATTACH_ANNOTATION = "volumes.kubernetes.io/controller-managed-attach-detach";

const CLOUD_TAINT: Taint = { key: "node.cloudprovider.kubernetes.io/uninitialized", value: "true", effect: "NoSchedule" };

/** The node to create, without its status: labels, annotations, taints and provider id. */
export const computeInitialNode = (settings: ResolvedSettings, machine: MachineFacts | undefined): Node => {
  const platform: { [key: string]: string } =
    machine === undefined
      ? {}
      : {
          "beta.kubernetes.io/arch": machine.architecture,
          "beta.kubernetes.io/os": machine.operatingSystem,
          "kubernetes.io/arch": machine.architecture,
          "kubernetes.io/os": machine.operatingSystem,
        };
  const taints = settings.externalCloudProvider ? [...settings.taints, CLOUD_TAINT] : settings.taints;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: settings.nodeName,
      labels: { ...platform, "kubernetes.io/hostname": settings.hostname, ...settings.labels },
      ...(settings.controllerAttachDetach ? { annotations: { [CONTROLLER_MANAGED_ATTACH_ANNOTATION]: "true" } } : {}),
    },
    spec: {
      ...(settings.providerId === "" ? {} : { providerID: settings.providerId }),
      ...(taints.length === 0 ? {} : { taints }),
    },
  };
};
