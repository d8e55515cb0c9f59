import { isDeepStrictEqual } from "node:util";
import { setField } from "./merge-patch.ts";
import { PatchError } from "./patch-error.ts";

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** As the reference: apiserver, handlers/patch.go. */
const MAX_OPERATIONS = 10_000;

const malformed = (message: string): PatchError => new PatchError(message, "malformed");
const unfit = (message: string): PatchError => new PatchError(message, "unfit");

const readOperations = (patch: unknown): readonly Operation[] => {
  if (!Array.isArray(patch))
    throw malformed("error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
  if (patch.length > MAX_OPERATIONS)
    throw malformed(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  return patch.map((entry: unknown) => {
    const { op, path, from } = (entry ?? {}) as Partial<Operation>;
    if (typeof op !== "string" || typeof path !== "string" || (path !== "" && !path.startsWith("/"))) {
      throw malformed(`Unexpected kind: ${typeof op === "string" ? op : "unknown"}`);
    }
    if ((op === "move" || op === "copy") && typeof from !== "string") throw malformed(`${op} operation has no from`);
    return entry as Operation;
  });
};

const segmentsOf = (pointer: string): readonly string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));

type Container = { [name: string]: unknown } | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

const indexOf = (list: readonly unknown[], segment: string, options: { readonly path: string; readonly mayAppend: boolean }): number => {
  if (segment === "-" && options.mayAppend) return list.length;
  const index = /^(?:0|[1-9]\d{0,8})$/u.test(segment) ? Number(segment) : Number.NaN;
  const limit = options.mayAppend ? list.length : list.length - 1;
  if (!(index <= limit)) throw unfit(`Unable to access invalid index: ${segment}: invalid index referenced`);
  return index;
};

const childOf = (container: Container, segment: string, path: string): unknown => {
  if (Array.isArray(container)) return container[indexOf(container, segment, { path, mayAppend: false })];
  if (!Object.hasOwn(container, segment)) throw unfit(`path: ${path}: missing value: doc is missing path`);
  return container[segment];
};

/** A document that is changed in place; the caller gave a copy. */
const createDocument = (root: unknown) => {
  const state = { root };

  const parentOf = (pointer: string): { readonly parent: Container; readonly last: string } => {
    const segments = segmentsOf(pointer);
    let parent: unknown = state.root;
    for (const segment of segments.slice(0, -1)) parent = isContainer(parent) ? childOf(parent, segment, pointer) : undefined;
    if (!isContainer(parent)) throw unfit(`operation does not apply: doc is missing path: ${JSON.stringify(pointer)}: missing value`);
    return { parent, last: segments.at(-1) ?? "" };
  };

  const read = (pointer: string): unknown => {
    if (pointer === "") return state.root;
    const { parent, last } = parentOf(pointer);
    return childOf(parent, last, pointer);
  };

  const add = (pointer: string, value: unknown): void => {
    if (pointer === "") {
      state.root = value;
      return;
    }
    const { parent, last } = parentOf(pointer);
    if (Array.isArray(parent)) parent.splice(indexOf(parent, last, { path: pointer, mayAppend: true }), 0, value);
    else setField(parent, last, value);
  };

  const remove = (pointer: string): void => {
    const { parent, last } = parentOf(pointer);
    if (Array.isArray(parent)) parent.splice(indexOf(parent, last, { path: pointer, mayAppend: false }), 1);
    else if (Object.hasOwn(parent, last)) Reflect.deleteProperty(parent, last);
    else throw unfit(`remove operation does not apply: doc is missing path: ${JSON.stringify(pointer)}: missing value`);
  };

  const replace = (pointer: string, value: unknown): void => {
    if (pointer === "") {
      state.root = value;
      return;
    }
    const { parent, last } = parentOf(pointer);
    if (Array.isArray(parent)) parent[indexOf(parent, last, { path: pointer, mayAppend: false })] = value;
    else if (Object.hasOwn(parent, last)) setField(parent, last, value);
    else throw unfit(`replace operation does not apply: doc is missing key: ${pointer}: missing value`);
  };
  return { state, read, add, remove, replace };
};

/** RFC 6902. The document is copied, not changed. @throws PatchError */
export const applyJsonPatch = (original: unknown, patch: unknown): unknown => {
  const operations = readOperations(patch);
  const document = createDocument(structuredClone(original));
  for (const { op, path, from = "", value } of operations) {
    switch (op) {
      case "add":
        document.add(path, structuredClone(value));
        break;
      case "remove":
        document.remove(path);
        break;
      case "replace":
        document.replace(path, structuredClone(value));
        break;
      case "move": {
        if (path.startsWith(`${from}/`)) throw unfit(`move operation does not apply: ${path} lies in ${from}`);
        const moved = document.read(from);
        document.remove(from);
        document.add(path, moved);
        break;
      }
      case "copy":
        document.add(path, structuredClone(document.read(from)));
        break;
      case "test":
        if (!isDeepStrictEqual(document.read(path), value ?? null)) {
          throw unfit(`testing value ${path} failed: test failed`);
        }
        break;
      default:
        throw unfit(`Unexpected kind: ${op}`);
    }
  }
  return document.state.root;
};
