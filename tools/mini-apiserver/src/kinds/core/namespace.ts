import type { KindDefinition } from "../kind-definition.ts";
import { statusSubresource } from "../status.ts";

/** core/v1 Namespace. */
export const NAMESPACE: KindDefinition = {
  group: "",
  version: "v1",
  resource: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  type: "core.Namespace",
  namespaced: false,
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  strategy: { prepareCreate: (object) => ({ ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }) },
  subresources: [statusSubresource()],
};
