import type { ApiObject } from "../contracts.ts";
import type { SubresourceDefinition } from "./kind-definition.ts";

/** What a subresource leaves alone: everything but metadata and the fields it owns. */
export const takeOnly = (next: ApiObject, current: ApiObject, fields: readonly string[]): ApiObject => {
  const owned = fields.flatMap((field) => (next[field] === undefined ? [] : [[field, next[field]] as const]));
  const rest = Object.entries(current).filter(([field]) => !fields.includes(field) && field !== "metadata");
  const merged = Object.fromEntries([...rest, ...owned]);
  // In the order of the object's declaration, which is that of whoever has more fields.
  const order = [...new Set([...Object.keys(current), ...Object.keys(next)])];
  return {
    ...Object.fromEntries(order.filter((field) => field in merged).map((field) => [field, merged[field]])),
    metadata: {
      ...next.metadata,
      ...(current.metadata?.["ownerReferences"] === undefined ? {} : { ownerReferences: current.metadata["ownerReferences"] }),
    },
  };
};

/** `status`: owns the field of that name, and may change labels and annotations. */
export const statusSubresource = (options: Pick<SubresourceDefinition, "validateUpdate"> = {}): SubresourceDefinition => ({
  name: "status",
  verbs: ["get", "patch", "update"],
  prepareUpdate: (next, current) => takeOnly(next, current, ["status"]),
  ...options,
});

/** The status a client sends with a new object does not count. */
export const withoutStatus = (object: ApiObject): ApiObject => ({ ...object, status: {} });
