import { parse as parseYaml } from "yaml";
import { ApiError, badRequest } from "../api-error.ts";
import { mediaTypeOf } from "./body.ts";

/** How a patch is meant. */
export type PatchKind = "json" | "merge" | "strategic" | "apply";

const KINDS: { readonly [type: string]: PatchKind } = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** By content type. @throws ApiError 415 */
export const patchKindOf = (contentType: string | undefined): PatchKind => {
  const kind = KINDS[mediaTypeOf(contentType)];
  if (kind === undefined) throw new ApiError("415: Unsupported Media Type", { code: 415, reason: "UnsupportedMediaType", details: {} });
  return kind;
};

const MAX_YAML_ALIASES = 100;

/** The patch as a value. @throws ApiError 400 */
export const parsePatch = (body: Buffer, kind: PatchKind): unknown => {
  const text = body.toString("utf8");
  let value: unknown;
  try {
    value = kind === "apply" ? parseYaml(text, { maxAliasCount: MAX_YAML_ALIASES }) : JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message.split("\n", 1)[0] : "";
    throw badRequest(kind === "apply" ? `error decoding YAML: ${detail}` : `error decoding patch: ${detail}`);
  }
  if (kind !== "json" && (typeof value !== "object" || value === null || Array.isArray(value))) {
    const prefix = kind === "strategic" ? "" : "error decoding patch: ";
    throw badRequest(
      `${prefix}json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type map[string]interface {}`,
    );
  }
  return value;
};
