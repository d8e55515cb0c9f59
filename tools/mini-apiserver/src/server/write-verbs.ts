import { createObject } from "../rest/create.ts";
import { replaceObject, updateObject } from "../rest/update.ts";
import { sendObject } from "./present.ts";
import { readDryRun, readObject, targetOf, writeContextOf } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** POST to a collection. */
export const serveCreate = async (call: ResourceRequest): Promise<void> => {
  const { definition, info } = call;
  const dryRun = readDryRun(info, "CreateOptions");
  const object = await readObject(call, "CreateOptions");
  const namespace = definition.namespaced ? info.attributes.namespace : undefined;
  sendObject(call, createObject(object, { definition, namespace, dryRun }, writeContextOf(call)), 201);
};

/** PUT of one object or of a plain subresource. */
export const serveUpdate = async (call: ResourceRequest): Promise<void> => {
  const { info, subresource } = call;
  const target = targetOf(call, readDryRun(info, "UpdateOptions"));
  const asked = await readObject(call, "UpdateOptions");
  const view = subresource?.view;
  if (view !== undefined) {
    sendObject(
      call,
      updateObject((current) => view.write(asked, current), target, writeContextOf(call)),
    );
    return;
  }
  const { object, created } = replaceObject(asked, target, writeContextOf(call));
  sendObject(call, object, created ? 201 : 200);
};
