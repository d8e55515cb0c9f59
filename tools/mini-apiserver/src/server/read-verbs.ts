import { notFound } from "../api-error.ts";
import { storedKindOf } from "../kinds/kind-definition.ts";
import { listObjects } from "../rest/list.ts";
import { readListOptions } from "../rest/list-options.ts";
import { whereOf } from "../rest/object-target.ts";
import { sendList, sendObject } from "./present.ts";
import { targetOf } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** GET of one object or of a plain subresource. */
export const serveGet = (call: ResourceRequest): void => {
  const { definition, parts } = call;
  const target = targetOf(call, false);
  const stored = parts.store.get(storedKindOf(definition), whereOf(target));
  if (stored === undefined) throw notFound(definition, target.name);
  sendObject(call, definition.storedAs?.fromStored(stored) ?? stored);
};

/** GET of a collection. */
export const serveList = (call: ResourceRequest): void => {
  const { definition, parts, info } = call;
  const options = readListOptions(info.query, definition, false);
  sendList(call, listObjects(definition, definition.namespaced ? info.attributes.namespace : undefined, { options, store: parts.store }));
};
