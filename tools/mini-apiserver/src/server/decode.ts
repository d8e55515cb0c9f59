import { badRequest } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { canonicalize } from "../kinds/canonicalize.ts";
import { DecodeError } from "../kinds/decode-error.ts";
import { typePlan } from "../kinds/schema.ts";

/** What is expected of a body. */
export interface Expected {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** In the field tables. */
  readonly type: string;
}

/** What happens with fields that the type does not have. */
export interface FieldPolicy {
  readonly validation: string;
  warn(text: string): void;
}

const textOr = (value: unknown, otherwise: string): string => (typeof value === "string" && value !== "" ? value : otherwise);

/** Reads plain JSON as the type and keeps what it says of kind and version; `mismatch` is Go's message for a value of the wrong kind. */
export const decodeFields = (
  value: { readonly [field: string]: unknown },
  expected: Expected,
): { readonly value: ApiObject; readonly unknownFields: readonly string[]; readonly mismatch?: string } => {
  const groupVersion = expected.group === "" ? expected.version : `${expected.group}/${expected.version}`;
  try {
    return canonicalize(typePlan(expected.type), { ...value, apiVersion: groupVersion, kind: expected.kind });
  } catch (error) {
    if (error instanceof DecodeError) return { value: {}, unknownFields: [], mismatch: error.message };
    throw error;
  }
};

/** Makes the plain JSON an object of the kind, or says in the reference's words why it is none. @throws ApiError 400 */
export const decodeObject = (value: { readonly [field: string]: unknown }, expected: Expected, policy: FieldPolicy): ApiObject => {
  const groupVersion = expected.group === "" ? expected.version : `${expected.group}/${expected.version}`;
  // Absent ones are those of the URL.
  const apiVersion = textOr(value["apiVersion"], groupVersion);
  const kind = textOr(value["kind"], expected.kind);
  const version = apiVersion.split("/").at(-1) ?? "";
  const refuse = (why: string): never => {
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${why}`);
  };
  if (kind !== expected.kind) refuse(`converting (${version}.${kind}) to (${expected.type}): unknown conversion`);
  if (apiVersion !== groupVersion) {
    refuse(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  const { value: decoded, unknownFields, mismatch } = decodeFields(value, expected);
  if (mismatch !== undefined) refuse(mismatch);
  const texts = unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (texts.length > 0 && policy.validation === "Strict") refuse(`strict decoding error: ${texts.join(", ")}`);
  if (policy.validation !== "Ignore") for (const text of texts) policy.warn(text);
  return decoded;
};
