import { badRequest } from "../api-error.ts";
import type { Status } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { canonicalize } from "../kinds/canonicalize.ts";
import { DecodeError } from "../kinds/decode-error.ts";
import type { DeleteOptions } from "../kinds/kind-definition.ts";
import { typePlan } from "../kinds/schema.ts";
import { deleteObject } from "../rest/delete.ts";
import { listObjects } from "../rest/list.ts";
import { readListOptions } from "../rest/list-options.ts";
import { parseBody, readBody } from "./body.ts";
import { sendList, sendObject } from "./present.ts";
import { readDryRun, targetOf, writeContextOf } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { sendAnswer } from "./respond.ts";

interface DeleteBody {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: string;
  readonly dryRun?: readonly string[];
}

const decodeOptions = (value: { readonly [field: string]: unknown }): DeleteBody => {
  try {
    return canonicalize(typePlan("meta.DeleteOptions"), value).value as DeleteBody;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
};

/** From the body, or without one from the query. @throws ApiError 400, 413, 415, 422 */
const readDeleteOptions = async (call: ResourceRequest): Promise<DeleteOptions> => {
  const { request, signal, parts, info } = call;
  const bytes = await readBody(request, { limitBytes: parts.limits.maxBodyBytes, signal, clock: parts.clock });
  const isDryRun = readDryRun(info, "DeleteOptions");
  if (bytes.length > 0) {
    const body = decodeOptions(parseBody(bytes, request.headers["content-type"], "DeleteOptions"));
    return { ...body, dryRun: isDryRun || (body.dryRun ?? []).length > 0 };
  }
  const grace = info.query.get("gracePeriodSeconds");
  if (grace !== null && !/^-?\d{1,15}$/u.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  return { gracePeriodSeconds: grace === null ? undefined : Number(grace), dryRun: isDryRun };
};

const successOf = ({ definition }: ResourceRequest, object: ApiObject): Status => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: {
    name: object.metadata?.name ?? "",
    ...(definition.group === "" ? {} : { group: definition.group }),
    kind: definition.resource,
    uid: object.metadata?.uid ?? "",
  },
});

/** DELETE of one object. */
export const serveDelete = async (call: ResourceRequest): Promise<void> => {
  const options = await readDeleteOptions(call);
  const { object, isGone } = deleteObject(targetOf(call, options.dryRun === true), options, writeContextOf(call));
  if (isGone && call.definition.strategy.returnsDeleted !== true) {
    sendAnswer(call.response, { code: 200, body: JSON.stringify(successOf(call, object)), warnings: call.warnings });
  } else sendObject(call, object);
};

/** DELETE of a collection: each object by itself, as far as it is still there. */
export const serveDeleteCollection = async (call: ResourceRequest): Promise<void> => {
  const { definition, parts, info } = call;
  const options = await readDeleteOptions(call);
  const listOptions = readListOptions(info.query, definition, false);
  const namespace = definition.namespaced ? info.attributes.namespace : undefined;
  const page = listObjects(definition, namespace, { options: listOptions, store: parts.store });
  const context = writeContextOf(call);
  for (const { metadata } of page.items) {
    deleteObject({ definition, name: metadata?.name ?? "", namespace: metadata?.namespace, dryRun: options.dryRun }, options, context);
  }
  // As they were: that is what the reference answers.
  sendList(call, page);
};
