import { ApiError, badRequest, notFound } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { invalid, invalidObject } from "../kinds/field-error.ts";
import { storedKindOf } from "../kinds/kind-definition.ts";
import { typePlan } from "../kinds/schema.ts";
import { applyConfiguration } from "../patch/apply.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { formatGo, PatchError } from "../patch/patch-error.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge.ts";
import type { Fields } from "../patch/strategic-merge.ts";
import { createObject } from "../rest/create.ts";
import { whereOf } from "../rest/object-target.ts";
import type { ObjectTarget } from "../rest/object-target.ts";
import { updateObject } from "../rest/update.ts";
import { readBody } from "./body.ts";
import { decodeFields, decodeObject } from "./decode.ts";
import { parsePatch, patchKindOf } from "./parse-patch.ts";
import type { PatchKind } from "./parse-patch.ts";
import { sendObject } from "./present.ts";
import { expectedOf, presentObject, readDryRun, readFieldValidation, targetOf, writeContextOf } from "./resource-request.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** What a patch that can't be applied is answered with (apiserver, handlers/patch.go, 1.36). */
const refusalOf = (error: PatchError): ApiError => {
  switch (error.code) {
    case "malformed":
      return badRequest(error.message);
    case "unfit":
      return new ApiError("the server rejected our request due to an error in our request", { code: 422, reason: "Invalid", details: {} });
    case "unmergeable":
      return new ApiError(error.message, { code: 500, reason: "" });
  }
};

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
    throw error instanceof PatchError ? refusalOf(error) : error;
  }
};

interface PatchCall {
  readonly call: ResourceRequest;
  readonly kind: PatchKind;
  readonly patch: unknown;
  readonly validation: string;
}

/** The patched object, decoded; unknown fields are told as fields of the patch. */
const patchObject = (current: ApiObject, { call, kind, patch, validation }: PatchCall): ApiObject => {
  const expected = expectedOf(call);
  const patched = applyPatch(presentObject(current, call), patch, { kind, type: expected.type });
  const { value, unknownFields, mismatch } = decodeFields(patched, expected);
  const texts = unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`);
  const strict = texts.length > 0 && validation === "Strict" ? `strict decoding error: ${texts.join(", ")}` : undefined;
  const problem = mismatch ?? strict;
  if (problem !== undefined) {
    const shown = kind === "strategic" ? formatGo(patch) : JSON.stringify(patched);
    throw invalidObject({ group: "", kind: "" }, "", [invalid("patch", shown, problem)]);
  }
  if (validation !== "Ignore") call.warnings.push(...texts);
  const view = call.subresource?.view;
  return view === undefined ? value : view.write(value, current);
};

const readManager = ({ info }: ResourceRequest): string => {
  const manager = info.query.get("fieldManager") ?? "";
  if (manager !== "") return manager;
  throw invalidObject({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
    { field: "fieldManager", reason: "FieldValueRequired", message: "Required value: is required for apply patch" },
  ]);
};

/** Server-side apply: merges into what is there, or creates. */
const serveApply = (patchCall: PatchCall, target: ObjectTarget): void => {
  const { call, patch, validation } = patchCall;
  const { definition, subresource, parts, info, warnings } = call;
  const manager = readManager(call);
  const context = writeContextOf(call);
  const expected = expectedOf(call);
  const now = { manager, nowMs: parts.clock.nowMs(), subresource: subresource?.name };
  const policy = { validation, warn: (text: string) => void warnings.push(text) };
  // Decoded once by itself, so that its own mistakes are told as such.
  decodeObject(patch as Fields, expected, policy);
  const isThere = parts.store.get(storedKindOf(definition), whereOf(target)) !== undefined;
  const quiet = { validation: "Ignore", warn: () => undefined };
  const apply = (current: ApiObject | undefined): ApiObject =>
    decodeObject(applyConfiguration(current, patch as Fields, { type: typePlan(expected.type), ...now }), expected, quiet);
  if (isThere) {
    sendObject(call, updateObject(apply, target, context));
    return;
  }
  if (subresource !== undefined) throw notFound(definition, target.name);
  const namespace = definition.namespaced ? info.attributes.namespace : undefined;
  sendObject(call, createObject(apply(undefined), { definition, namespace, dryRun: target.dryRun }, context), 201);
};

/** PATCH of one object or of a plain subresource. */
export const servePatch = async (call: ResourceRequest): Promise<void> => {
  const { request, signal, parts, info } = call;
  const kind = patchKindOf(request.headers["content-type"]);
  const target: ObjectTarget = { ...targetOf(call, readDryRun(info, "PatchOptions")), isPatch: true };
  const validation = readFieldValidation(info, "PatchOptions");
  const body = await readBody(request, { limitBytes: parts.limits.maxBodyBytes, signal, clock: parts.clock });
  const patchCall: PatchCall = { call, kind, patch: parsePatch(body, kind), validation };
  if (kind === "apply") serveApply(patchCall, target);
  else
    sendObject(
      call,
      updateObject((current) => patchObject(current, patchCall), target, writeContextOf(call)),
    );
};
