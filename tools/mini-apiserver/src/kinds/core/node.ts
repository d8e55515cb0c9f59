import type { ApiObject } from "../../contracts.ts";
import { NODE_TABLE } from "../../tables/node-table.ts";
import { duplicate, invalid, notAllowed, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../field-error.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { checkLabelValue, checkQualifiedName } from "../names.ts";
import { flagAt, listAt, mapAt, textAt } from "../read-path.ts";
import { statusSubresource } from "../status.ts";

const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

const validateTaints = (node: ApiObject): readonly FieldError[] => {
  const seen = new Set<string>();
  return listAt(node, "spec.taints").flatMap((taint, index) => {
    const field = `metadata.taints[${index}]`;
    const [key, value, effect] = [textAt(taint, "key"), textAt(taint, "value"), textAt(taint, "effect")];
    const id = `${key}:${effect}`;
    const isTwice = seen.has(id);
    seen.add(id);
    return [
      ...checkQualifiedName(key).map((text) => invalid(`${field}.key`, key, text)),
      ...checkLabelValue(value).map((text) => invalid(`${field}.value`, value, text)),
      ...(effect === ""
        ? [required(`${field}.effect`)]
        : EFFECTS.includes(effect)
          ? []
          : [notSupported(`${field}.effect`, effect, EFFECTS)]),
      ...(isTwice ? [duplicate(field, taint)] : []),
    ];
  });
};

const validateOnce = (next: ApiObject, current: ApiObject, path: string): readonly FieldError[] => {
  const old = textAt(current, path);
  return old === "" || textAt(next, path) === old
    ? []
    : [notAllowed(path, `node updates may not change ${path.slice("spec.".length)} except from "" to valid`)];
};

/** A node that does not say what it can give gives all it has; its range of addresses is the first of its ranges. */
const withAllocatable = (written: ApiObject): ApiObject => {
  const spec = mapAt(written, "spec");
  const node =
    spec["podCIDR"] === undefined || spec["podCIDRs"] !== undefined
      ? written
      : { ...written, spec: { ...spec, podCIDRs: [spec["podCIDR"]] } };
  const status = mapAt(node, "status");
  if (status["allocatable"] !== undefined || status["capacity"] === undefined) return node;
  return { ...node, status: { ...status, allocatable: status["capacity"] } };
};

/** core/v1 Node. A node that registers brings its status with it. */
export const NODE: KindDefinition = {
  group: "",
  version: "v1",
  resource: "nodes",
  singular: "node",
  kind: "Node",
  type: "core.Node",
  namespaced: false,
  shortNames: ["no"],
  table: NODE_TABLE,
  selectableFields: { "spec.unschedulable": (node) => `${flagAt(node, "spec.unschedulable")}` },
  strategy: {
    applyDefaults: withAllocatable,
    validateCreate: validateTaints,
    validateUpdate: (next, current) => [
      ...validateTaints(next),
      ...validateOnce(next, current, "spec.providerID"),
      ...validateOnce(next, current, "spec.podCIDR"),
    ],
  },
  subresources: [statusSubresource()],
};
