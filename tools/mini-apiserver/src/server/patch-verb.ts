import { ApiError, badRequest } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { typePlan } from "../kinds/schema.ts";
import { applyJsonPatch, PatchError } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge.ts";
import { updateObject } from "../rest/update.ts";
import { readBody } from "./body.ts";
import { decodeObject } from "./decode.ts";
import { parsePatch, patchKindOf } from "./parse-patch.ts";
import type { PatchKind } from "./parse-patch.ts";
import { sendObject } from "./present.ts";
import { expectedOf, presentObject, readDryRun, readFieldValidation, targetOf, writeContextOf } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";

type Fields = { readonly [field: string]: unknown };

const asRefusal = (error: unknown): unknown => {
  if (!(error instanceof PatchError)) return error;
  if (error.isMalformed) return badRequest(error.message);
  return new ApiError(`the server rejected our request due to an error in our request: ${error.message}`, {
    code: 422,
    reason: "Invalid",
    details: {},
  });
};

/** The patched object, not decoded yet. */
const applyPatch = (original: ApiObject, patch: unknown, { kind, type }: { readonly kind: PatchKind; readonly type: string }): Fields => {
  try {
    switch (kind) {
      case "json":
        return applyJsonPatch(original, patch) as Fields;
      case "merge":
        return applyMergePatch(original, patch) as Fields;
      case "strategic":
      case "apply":
        return applyStrategicMergePatch(original, patch as Fields, typePlan(type));
    }
  } catch (error) {
    throw asRefusal(error);
  }
};

/** PATCH of one object or of a plain subresource. */
export const servePatch = async (call: ResourceRequest): Promise<void> => {
  const { request, signal, parts, info, warnings } = call;
  const kind = patchKindOf(request.headers["content-type"]);
  const dryRun = readDryRun(info, "PatchOptions");
  const validation = readFieldValidation(info, "PatchOptions");
  const body = await readBody(request, { limitBytes: parts.limits.maxBodyBytes, signal });
  const patch = parsePatch(body, kind);
  const target = targetOf(call, dryRun);
  const expected = expectedOf(call);
  const policy = { validation, warn: (text: string) => void warnings.push(text) };
  const view = call.subresource?.view;
  const change = (current: ApiObject): ApiObject => {
    const patched = applyPatch(presentObject(current, call), patch, { kind, type: expected.type });
    const decoded = decodeObject(patched, expected, policy);
    return view === undefined ? decoded : view.write(decoded, current);
  };
  sendObject(call, updateObject(change, target, writeContextOf(call)));
};
