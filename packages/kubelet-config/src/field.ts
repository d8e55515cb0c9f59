import type { JsonValue } from "./json-value.ts";

/**
 * The shape of a field's or flag's value. duration: Go's ("1m30s"). quantity: bytes ("10Mi"). stringListMap: header name to values.
 * any: checked for nothing but being JSON.
 */
export type ValueKind =
  | "string"
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "quantity"
  | "strings"
  | "stringMap"
  | "boolMap"
  | "stringListMap"
  | "any";

/** What nk makes of a field or flag. */
export type Support =
  | { readonly state: "used" }
  /** It changes nothing in nk, for the reason given; setting it gives a warning. */
  | { readonly state: "inert"; readonly why: string }
  /** nk cannot do it yet; only the default and these values, which ask for no more than nk does, are accepted. */
  | { readonly state: "unsupported"; readonly alsoAccepted: readonly JsonValue[] };

/** One leaf of KubeletConfiguration v1beta1. */
export interface ConfigField {
  /** "authentication.anonymous.enabled". */
  readonly path: string;
  readonly kind: ValueKind;
  /** The v1beta1 default; undefined for none. */
  readonly default: JsonValue | undefined;
  readonly support: Support;
  /** The default when the kubelet is started without --config, where it differs. */
  readonly legacyDefault?: JsonValue | undefined;
  /** Whether an explicit zero value means the default, as for fields that are no pointers in the reference. */
  readonly isZeroDefault?: boolean | undefined;
  /** Whether a relative value counts from the file's directory. */
  readonly isPath?: boolean | undefined;
  readonly isSecret?: boolean | undefined;
}

/** The optional parts of a {@link ConfigField}. */
export type FieldTraits = Pick<ConfigField, "legacyDefault" | "isZeroDefault" | "isPath" | "isSecret">;
