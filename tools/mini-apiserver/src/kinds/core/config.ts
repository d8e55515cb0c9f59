import { isDeepStrictEqual } from "node:util";
import type { ApiObject } from "../../contracts.ts";
import { CONFIG_MAP_TABLE, SECRET_TABLE } from "../../tables/core-tables.ts";
import { invalid, notAllowed, required, tooLong } from "../field-error.ts";
import type { FieldError } from "../field-error.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { flagAt, mapAt, textAt } from "../read-path.ts";

const MAX_BYTES = 1024 * 1024;
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const checkKey = (key: string): readonly string[] => {
  if (key.length > 253) return ["must be no more than 253 characters"];
  if (!/^[-._a-zA-Z0-9]+$/u.test(key)) return [KEY_TEXT];
  if (key === ".") return ["must not be '.'"];
  if (key === "..") return ["must not be '..'"];
  return key.startsWith("..") ? ["must not start with '..'"] : [];
};

const validateKeys = (object: ApiObject, field: string): readonly FieldError[] =>
  Object.keys(mapAt(object, field)).flatMap((key) => checkKey(key).map((text) => invalid(`${field}[${key}]`, key, text)));

const sizeOf = (object: ApiObject, fields: readonly string[]): number =>
  fields.flatMap((field) => Object.values(mapAt(object, field))).reduce<number>((sum, value) => sum + String(value).length, 0);

/** What is immutable stays so, data and all. */
const validateImmutable = (next: ApiObject, current: ApiObject, fields: readonly string[]): readonly FieldError[] => {
  if (!flagAt(current, "immutable")) return [];
  return [
    ...(flagAt(next, "immutable") ? [] : [notAllowed("immutable", "field is immutable when `immutable` is set")]),
    ...fields
      .filter((field) => !isDeepStrictEqual(next[field], current[field]))
      .map((field) => notAllowed(field, "field is immutable when `immutable` is set")),
  ];
};

const withPlainData = (object: ApiObject): ApiObject => {
  const { stringData, ...rest } = object;
  const type = textAt(object, "type", "Opaque");
  if (stringData === undefined) return { ...rest, type };
  const encoded = Object.entries(mapAt(object, "stringData")).map(([key, text]) => [key, Buffer.from(String(text)).toString("base64")]);
  return { ...rest, data: { ...mapAt(object, "data"), ...Object.fromEntries(encoded) }, type };
};

/** The keys that secrets of a known type must have. */
const REQUIRED_KEYS: { readonly [type: string]: readonly string[] } = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

const validateSecret = (object: ApiObject): readonly FieldError[] => [
  ...validateKeys(object, "data"),
  // Base64 is a third longer than what it stands for.
  ...((sizeOf(object, ["data"]) * 3) / 4 > MAX_BYTES ? [tooLong("data", MAX_BYTES)] : []),
  ...(REQUIRED_KEYS[textAt(object, "type")] ?? [])
    .filter((key) => mapAt(object, "data")[key] === undefined)
    .map((key) => required(`data[${key}]`)),
];

/** core/v1 Secret. */
export const SECRET: KindDefinition = {
  group: "",
  version: "v1",
  resource: "secrets",
  singular: "secret",
  kind: "Secret",
  type: "core.Secret",
  namespaced: true,
  table: SECRET_TABLE,
  selectableFields: { type: (object) => textAt(object, "type") },
  strategy: {
    applyDefaults: withPlainData,
    validateCreate: validateSecret,
    validateUpdate: (next, current) => [
      ...validateSecret(next),
      ...(next["type"] === current["type"] ? [] : [invalid("type", next["type"], "field is immutable")]),
      ...validateImmutable(next, current, ["data"]),
    ],
  },
};

const validateConfigMap = (object: ApiObject): readonly FieldError[] => [
  ...Object.keys(mapAt(object, "binaryData"))
    .filter((key) => mapAt(object, "data")[key] !== undefined)
    .map((key) => invalid(`data[${key}]`, key, "duplicate of key present in binaryData")),
  ...validateKeys(object, "data"),
  ...validateKeys(object, "binaryData"),
  ...(sizeOf(object, ["data", "binaryData"]) > MAX_BYTES ? [tooLong("", MAX_BYTES)] : []),
];

/** core/v1 ConfigMap. */
export const CONFIG_MAP: KindDefinition = {
  group: "",
  version: "v1",
  resource: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  type: "core.ConfigMap",
  namespaced: true,
  shortNames: ["cm"],
  table: CONFIG_MAP_TABLE,
  strategy: {
    validateCreate: validateConfigMap,
    validateUpdate: (next, current) => [...validateConfigMap(next), ...validateImmutable(next, current, ["data", "binaryData"])],
  },
};
