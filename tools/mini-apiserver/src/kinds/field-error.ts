import { ApiError } from "../api-error.ts";
import type { StatusCause } from "../api-error.ts";

/** One thing that validation has against an object. */
export interface FieldError {
  readonly field: string;
  /** `FieldValueRequired`, `FieldValueInvalid` ... */
  readonly reason: string;
  /** Without the field, e.g. `Invalid value: "x": must be positive`. */
  readonly message: string;
}

const withDetail = (text: string, detail: string): string => (detail === "" ? text : `${text}: ${detail}`);

/** As Go's `%#v` and JSON have it in such messages: strings quoted, numbers bare. */
const formatValue = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
};

/** A field that must be there is not. */
export const required = (field: string, detail = ""): FieldError => ({
  field,
  reason: "FieldValueRequired",
  message: withDetail("Required value", detail),
});

/** A field's value does not do. */
export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  reason: "FieldValueInvalid",
  message: withDetail(`Invalid value: ${formatValue(value)}`, detail),
});

/** A field's value is none of the few allowed. */
export const notSupported = (field: string, value: unknown, allowed: readonly string[]): FieldError => ({
  field,
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${formatValue(value)}: supported values: ${allowed.map((one) => JSON.stringify(one)).join(", ")}`,
});

/** A value that must be unique is there twice. */
export const duplicate = (field: string, value: unknown): FieldError => ({
  field,
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${formatValue(value)}`,
});

/** A field may not be set, or not be changed. */
export const notAllowed = (field: string, detail: string): FieldError => ({
  field,
  reason: "FieldValueForbidden",
  message: withDetail("Forbidden", detail),
});

/** A field refers to something that is not there. */
export const missing = (field: string, value: unknown): FieldError => ({
  field,
  reason: "FieldValueNotFound",
  message: `Not found: ${formatValue(value)}`,
});

/** A text is too long. */
export const tooLong = (field: string, maxBytes: number): FieldError => ({
  field,
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${maxBytes} bytes`,
});

/** 422 with all of them; the same one twice is told once. */
export const invalidObject = (
  what: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError => {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const causes: readonly StatusCause[] = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return new ApiError(`${what.group === "" ? what.kind : `${what.kind}.${what.group}`} ${JSON.stringify(name)} is invalid: ${summary}`, {
    code: 422,
    reason: "Invalid",
    details: {
      ...(name === "" ? {} : { name }),
      ...(what.group === "" ? {} : { group: what.group }),
      ...(what.kind === "" ? {} : { kind: what.kind }),
      causes,
    },
  });
};
