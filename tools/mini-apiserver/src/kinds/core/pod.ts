import { applyPodDefaults } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { ApiObject } from "../../contracts.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { statusSubresource } from "../status.ts";

/** core/v1 Pod. */
export const POD: KindDefinition = {
  group: "",
  version: "v1",
  resource: "pods",
  singular: "pod",
  kind: "Pod",
  type: "core.Pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  selectableFields: { "spec.nodeName": (pod) => (pod as Pod).spec?.nodeName ?? "" },
  strategy: {
    keepsGeneration: true,
    returnsDeleted: true,
    applyDefaults: (pod) => applyPodDefaults(pod as Pod) as unknown as ApiObject,
    prepareCreate: (pod) => ({ ...pod, status: { phase: "Pending", qosClass: "BestEffort" } }),
    gracePeriod: (pod, options) => {
      const { spec, status } = pod as Pod;
      if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
      const seconds = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
      return seconds < 0 ? 1 : seconds;
    },
  },
  subresources: [statusSubresource()],
};
