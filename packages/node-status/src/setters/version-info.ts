import { nodeInfoOf } from "./node-info.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** Versions of kernel, distribution, runtime and kubelet; kube-proxy's is deprecated and emptied. */
export const setVersionInfo: Setter = ({ facts: { machine, runtime }, settings, node }): SetterOutput => {
  if (machine === undefined) return { problem: "error getting version info: the machine's facts can't be read" };
  return {
    status: {
      nodeInfo: {
        ...nodeInfoOf(node),
        kernelVersion: machine.kernelVersion,
        osImage: machine.osImage,
        containerRuntimeVersion: `${runtime.name}://${runtime.version ?? "Unknown"}`,
        kubeletVersion: settings.kubeletVersion,
        kubeProxyVersion: "",
      },
    },
  };
};
