import type { KindDefinition } from "../kind-definition.ts";
import { statusSubresource } from "../status.ts";

/** Kinds of core/v1 without a behaviour of their own yet. */
export const PLAIN_CORE_KINDS: readonly KindDefinition[] = [
  {
    group: "",
    version: "v1",
    resource: "nodes",
    singular: "node",
    kind: "Node",
    type: "core.Node",
    namespaced: false,
    shortNames: ["no"],
    strategy: {},
    subresources: [statusSubresource()],
  },
  {
    group: "",
    version: "v1",
    resource: "secrets",
    singular: "secret",
    kind: "Secret",
    type: "core.Secret",
    namespaced: true,
    strategy: {},
  },
  {
    group: "",
    version: "v1",
    resource: "configmaps",
    singular: "configmap",
    kind: "ConfigMap",
    type: "core.ConfigMap",
    namespaced: true,
    shortNames: ["cm"],
    strategy: {},
  },
];
