import { formatTimestamp, formatTimestampMicro } from "@nk/pod-model";
import { badRequest } from "../api-error.ts";
import { MESSAGES } from "./gen/tables.ts";
import { readFields, readVarint, WireError } from "./wire.ts";
import type { WireField } from "./wire.ts";

/** The media type of the encoding. */
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

type Json = { readonly [field: string]: unknown };

interface FieldPlan {
  readonly name: string;
  readonly shape: "one" | "list" | "map" | "inline";
  readonly type: string;
}

/** How a body begins: `k8s` and a zero, then a runtime.Unknown. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0]);

/** No API type nests so deep; it keeps a hostile body from ending the process. */
const MAX_DEPTH = 100;

const PREFIXES: { readonly [groupVersion: string]: string } = {
  v1: "core",
  "apps/v1": "apps",
  "authentication.k8s.io/v1": "authentication",
  "authorization.k8s.io/v1": "authorization",
  "autoscaling/v1": "autoscaling",
  "batch/v1": "batch",
  "certificates.k8s.io/v1": "certificates",
  "coordination.k8s.io/v1": "coordination",
  "discovery.k8s.io/v1": "discovery",
  "events.k8s.io/v1": "events",
  "node.k8s.io/v1": "node",
  "policy/v1": "policy",
  "rbac.authorization.k8s.io/v1": "rbac",
  "scheduling.k8s.io/v1": "scheduling",
  "storage.k8s.io/v1": "storage",
};

const plans = new Map<string, ReadonlyMap<number, FieldPlan>>();

const planOf = (message: string): ReadonlyMap<number, FieldPlan> => {
  const known = plans.get(message);
  if (known !== undefined) return known;
  const plan = new Map<number, FieldPlan>();
  for (const field of (MESSAGES[message] ?? "").split(", ").filter((text) => text !== "")) {
    const [number = "", name = "", type = ""] = field.split(" ");
    const shape = type.startsWith("[]") ? "list" : type.startsWith("map:") ? "map" : type.startsWith("inline:") ? "inline" : "one";
    plan.set(Number(number), { name, shape, type: type.replace(/^(\[\]|map:|inline:)/u, "") });
  }
  plans.set(message, plan);
  return plan;
};

const bytesOf = ({ value }: WireField): Uint8Array => {
  if (typeof value === "bigint") throw new WireError("an integer where bytes belong");
  return value;
};

const integerOf = ({ value }: WireField): bigint => {
  if (typeof value !== "bigint") throw new WireError("bytes where an integer belongs");
  return value;
};

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

const lastOf = (fields: readonly WireField[], number: number): WireField | undefined => fields.findLast((field) => field.number === number);

const secondsOf = (fields: readonly WireField[]): { readonly ms: number } | undefined => {
  const seconds = lastOf(fields, 1);
  const nanos = lastOf(fields, 2);
  // The zero time is an empty message.
  if (seconds === undefined) return undefined;
  return { ms: Number(BigInt.asIntN(64, integerOf(seconds))) * 1000 + (nanos === undefined ? 0 : Number(integerOf(nanos)) / 1e6) };
};

/** Messages whose JSON is not an object (their Go types marshal themselves). */
const SPECIAL: { readonly [message: string]: (fields: readonly WireField[]) => unknown } = {
  "meta.Time": (fields) => {
    const at = secondsOf(fields);
    return at === undefined ? undefined : formatTimestamp(at.ms);
  },
  "meta.MicroTime": (fields) => {
    const at = secondsOf(fields);
    return at === undefined ? undefined : formatTimestampMicro(at.ms);
  },
  "meta.FieldsV1": (fields) => {
    const raw = lastOf(fields, 1);
    return raw === undefined ? undefined : (JSON.parse(textOf(bytesOf(raw))) as unknown);
  },
  "runtime.RawExtension": (fields) => {
    const raw = lastOf(fields, 1);
    return raw === undefined ? undefined : (JSON.parse(textOf(bytesOf(raw))) as unknown);
  },
  "resource.Quantity": (fields) => {
    const text = lastOf(fields, 1);
    return text === undefined ? "0" : textOf(bytesOf(text));
  },
  "intstr.IntOrString": (fields) => {
    const type = lastOf(fields, 1);
    const isText = type !== undefined && integerOf(type) === 1n;
    const value = lastOf(fields, isText ? 3 : 2);
    if (value === undefined) return isText ? "" : 0;
    return isText ? textOf(bytesOf(value)) : Number(BigInt.asIntN(32, integerOf(value)));
  },
  "authentication.ExtraValue": (fields) => fields.map((field) => textOf(bytesOf(field))),
  "authorization.ExtraValue": (fields) => fields.map((field) => textOf(bytesOf(field))),
  "certificates.ExtraValue": (fields) => fields.map((field) => textOf(bytesOf(field))),
};

const decodeValue = (field: WireField, type: string, depth: number): unknown => {
  switch (type) {
    case "string":
      return textOf(bytesOf(field));
    case "bytes":
      return Buffer.from(bytesOf(field)).toString("base64");
    case "bool":
      return integerOf(field) !== 0n;
    case "int32":
      return Number(BigInt.asIntN(32, integerOf(field)));
    case "int64":
      return Number(BigInt.asIntN(64, integerOf(field)));
    case "double":
      return Buffer.from(bytesOf(field)).readDoubleLE();
    default: {
      const special = SPECIAL[type];
      return special === undefined ? decodeMessage(bytesOf(field), type, depth + 1) : special(readFields(bytesOf(field)));
    }
  }
};

/** A list of numbers may come in one piece. */
const decodeItems = (field: WireField, type: string, depth: number): readonly unknown[] => {
  const isPacked = field.wireType === 2 && (type === "int32" || type === "int64" || type === "bool");
  if (!isPacked) return [decodeValue(field, type, depth)];
  const bytes = bytesOf(field);
  const items: unknown[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const { value, next } = readVarint(bytes, offset);
    items.push(decodeValue({ number: field.number, value, wireType: 0 }, type, depth));
    offset = next;
  }
  return items;
};

const decodeEntry = (field: WireField, type: string, depth: number): readonly [string, unknown] => {
  const fields = readFields(bytesOf(field));
  const [key, value] = [lastOf(fields, 1), lastOf(fields, 2)];
  const empty = type === "string" || type === "bytes" ? "" : undefined;
  return [key === undefined ? "" : textOf(bytesOf(key)), value === undefined ? empty : decodeValue(value, type, depth)];
};

const decodeMessage = (bytes: Uint8Array, message: string, depth: number): Json => {
  if (depth > MAX_DEPTH) throw new WireError("nested too deep");
  const plan = planOf(message);
  // Without a prototype: a map's key may be called anything.
  const json = Object.create(null) as { [name: string]: unknown };
  for (const field of readFields(bytes)) {
    const known = plan.get(field.number);
    if (known === undefined) continue;
    const { name, shape, type } = known;
    if (shape === "list") json[name] = [...((json[name] as readonly unknown[] | undefined) ?? []), ...decodeItems(field, type, depth)];
    else if (shape === "map") {
      const map = (json[name] ?? Object.create(null)) as { [key: string]: unknown };
      const [key, value] = decodeEntry(field, type, depth);
      map[key] = value;
      json[name] = map;
    } else if (shape === "inline") Object.assign(json, decodeValue(field, type, depth));
    else json[name] = decodeValue(field, type, depth);
  }
  return json;
};

const decodeEnvelope = (body: Uint8Array): Json => {
  const fields = readFields(body.subarray(MAGIC.length));
  const [typeMeta, raw] = [lastOf(fields, 1), lastOf(fields, 2)];
  const names = typeMeta === undefined ? [] : readFields(bytesOf(typeMeta));
  const [versionField, kindField] = [lastOf(names, 1), lastOf(names, 2)];
  const apiVersion = versionField === undefined ? "" : textOf(bytesOf(versionField));
  const kind = kindField === undefined ? "" : textOf(bytesOf(kindField));
  const prefix = kind.endsWith("Options") && kind !== "PodLogOptions" ? "meta" : PREFIXES[apiVersion];
  const message = `${prefix ?? ""}.${kind}`;
  if (!Object.hasOwn(MESSAGES, message)) {
    throw badRequest(`no kind "${kind.slice(0, 100)}" is registered for version "${apiVersion.slice(0, 100)}" in protobuf`);
  }
  return { kind, apiVersion, ...(raw === undefined ? {} : decodeMessage(bytesOf(raw), message, 0)) };
};

/**
 * Decodes a body in the protobuf encoding that typed clients of Go prefer since 1.33 into the JSON it stands for. Go writes empty fields too:
 * empty texts, zeros and messages are in the result where JSON would leave them off. There is no encoder: such clients accept JSON answers.
 * @throws ApiError 400
 */
export const decodeProtobuf = (body: Uint8Array): Json => {
  if (Buffer.compare(body.subarray(0, MAGIC.length), MAGIC) !== 0) {
    throw badRequest("the body does not begin as an object in protobuf does");
  }
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (error instanceof WireError || error instanceof SyntaxError)
      throw badRequest(`the body is not an object in protobuf: ${error.message}`);
    throw error;
  }
};
