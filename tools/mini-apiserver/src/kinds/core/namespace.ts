import { forbidden } from "../../api-error.ts";
import type { ApiObject } from "../../contracts.ts";
import { NAMESPACE_TABLE } from "../../tables/core-tables.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { checkLabel } from "../names.ts";
import { listAt, mapAt, textAt } from "../read-path.ts";
import { statusSubresource, takeOnly } from "../status.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";
const IMMORTAL: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

const withNameLabel = (object: ApiObject): ApiObject => {
  const name = object.metadata?.name ?? "";
  if (name === "" || object.metadata?.labels?.[NAME_LABEL] === name) return object;
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata?.labels, [NAME_LABEL]: name } } };
};

const withFinalizer = (object: ApiObject): ApiObject => {
  const finalizers = listAt(object, "spec.finalizers");
  return {
    ...object,
    spec: { ...mapAt(object, "spec"), finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] },
    status: { phase: "Active" },
  };
};

/** core/v1 Namespace. Whoever empties a deleted one takes `kubernetes` out of its `spec.finalizers` through `finalize`; then it goes. */
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
  table: NAMESPACE_TABLE,
  selectableFields: { "status.phase": (object) => textAt(object, "status.phase"), name: (object) => object.metadata?.name ?? "" },
  strategy: {
    validateName: checkLabel,
    returnsDeleted: true,
    applyDefaults: withNameLabel,
    prepareCreate: withFinalizer,
    prepareUpdate: (next, current) => ({ ...next, spec: current["spec"] }),
    isKept: (object) => listAt(object, "spec.finalizers").length > 0,
    markDeleted: (object) => {
      const { deletionGracePeriodSeconds: _grace, ...metadata } = object.metadata ?? {};
      return { ...object, metadata, status: { ...mapAt(object, "status"), phase: "Terminating" } };
    },
    checkDelete: (object) => {
      const name = object.metadata?.name ?? "";
      if (IMMORTAL.has(name)) throw forbidden({ group: "", resource: "namespaces" }, name, { text: "this namespace may not be deleted" });
    },
  },
  subresources: [
    statusSubresource(),
    { name: "finalize", verbs: ["update"], prepareUpdate: (next, current) => takeOnly(next, current, ["spec"]) },
  ],
};
