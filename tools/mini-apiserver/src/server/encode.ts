import type { ApiObject } from "../contracts.ts";
import { groupVersionOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { ListPage } from "../rest/list.ts";

/** Stored objects never change in place, so one text serves every list and watch that shows them. */
const texts = new WeakMap<ApiObject, string>();

/** The object's JSON, remembered as long as the object is. */
export const encodeObject = (object: ApiObject): string => {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  texts.set(object, text);
  return text;
};

/** Items of a list do not say their kind: the list does. */
const encodeItem = (object: ApiObject, prefix: string): string => {
  const text = encodeObject(object);
  return text.startsWith(prefix) ? `{${text.slice(prefix.length)}` : text;
};

/** A whole list, e.g. `PodList`. */
export const encodeList = (definition: KindDefinition, { items, metadata }: ListPage): string => {
  const kind = JSON.stringify(definition.kind);
  const version = JSON.stringify(groupVersionOf(definition));
  const prefix = `{"kind":${kind},"apiVersion":${version},`;
  const parts = items.map((item) => encodeItem(item, prefix)).join(",");
  return `{"kind":${JSON.stringify(`${definition.kind}List`)},"apiVersion":${version},"metadata":${JSON.stringify(metadata)},"items":[${parts}]}`;
};
