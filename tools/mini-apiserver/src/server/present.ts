import type { ApiObject } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { ListPage } from "../rest/list.ts";
import { partialOf, renderTable } from "../tables/render.ts";
import { encodeList, encodeObject } from "./encode.ts";
import { negotiate } from "./negotiation.ts";
import type { OutputForm } from "./negotiation.ts";
import { presentObject } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { sendAnswer } from "./respond.ts";

/** How the answer to this request shall look. @throws ApiError 406 */
export const outputFormOf = ({ request }: ResourceRequest): OutputForm => negotiate(request.headers.accept);

const includeObjectOf = ({ info }: ResourceRequest): string => info.query.get("includeObject") ?? "Metadata";

const tableOptions = (call: ResourceRequest, form: OutputForm) => ({
  version: form.version,
  includeObject: includeObjectOf(call),
  nowMs: call.parts.clock.nowMs(),
});

/** Sends one object in the form that was asked for. */
export const sendObject = (call: ResourceRequest, object: ApiObject, code = 200): void => {
  const form = outputFormOf(call);
  const { response, warnings, definition, subresource } = call;
  let body: string;
  if (form.as === "Table" && subresource?.view === undefined) {
    body = JSON.stringify(
      renderTable(definition, [object], { ...tableOptions(call, form), metadata: { resourceVersion: object.metadata?.resourceVersion } }),
    );
  } else if (form.as === "Partial") body = JSON.stringify(partialOf(object, form.version));
  else body = encodeObject(presentObject(object, call));
  sendAnswer(response, { code, body, format: form.format, warnings });
};

/** Sends a list in the form that was asked for. */
export const sendList = (call: ResourceRequest, page: ListPage): void => {
  const form = outputFormOf(call);
  const { response, warnings } = call;
  sendAnswer(response, { code: 200, body: encodePage(call, page, form), format: form.format, warnings });
};

const encodePage = (call: ResourceRequest, page: ListPage, form: OutputForm): string => {
  if (form.as === "Table")
    return JSON.stringify(renderTable(call.definition, page.items, { ...tableOptions(call, form), metadata: page.metadata }));
  if (form.as === "object") return encodeList(call.definition, page);
  const items = page.items.map((item) => partialOf(item, form.version));
  return JSON.stringify({ kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${form.version}`, metadata: page.metadata, items });
};

/** Writes objects of a watch in the form that was asked for; columns only go with the first. */
export const createEventEncoder = (
  call: ResourceRequest,
  form: OutputForm,
): ((object: ApiObject, definition: KindDefinition) => string) => {
  if (form.as === "object") return encodeObject;
  if (form.as === "Partial") return (object) => JSON.stringify(partialOf(object, form.version));
  let hasColumns = true;
  return (object, definition) => {
    const text = JSON.stringify(
      renderTable(definition, [object], {
        ...tableOptions(call, form),
        hasColumns,
        metadata: { resourceVersion: object.metadata?.resourceVersion },
      }),
    );
    hasColumns = false;
    return text;
  };
};
