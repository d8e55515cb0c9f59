import type { RequestAttributes } from "../contracts.ts";
import { readFlag } from "../rest/list-options.ts";

/** What a request is about, read off its path, query and method (apiserver, pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo {
  readonly attributes: RequestAttributes;
  readonly query: URLSearchParams;
  readonly isResource: boolean;
  /** More path segments than a resource has: only a proxy takes them. */
  readonly rest: readonly string[];
}

const VERBS: { readonly [method: string]: string } = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Of a namespace itself, not of something in it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(["status", "finalize"]);

const MAX_URL_LENGTH = 16 * 1024;
const NAME_TERM = /(?:^|,)metadata\.name==?([^,\\]+)(?:,|$)/u;

const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

interface Parts {
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly isWatch: boolean;
  readonly rest: readonly string[];
}

const splitResource = (segments: readonly string[]): Omit<Parts, "group" | "version" | "isWatch"> => {
  const [first, second, third = "", ...others] = segments;
  if (first !== "namespaces" || second === undefined) {
    const [resource, name, subresource, ...rest] = segments;
    return {
      ...(resource === undefined ? {} : { resource }),
      ...(name === undefined ? {} : { name }),
      ...(subresource === undefined ? {} : { subresource }),
      rest,
    };
  }
  if (third === "" || NAMESPACE_SUBRESOURCES.has(third)) {
    return { namespace: second, resource: "namespaces", name: second, ...(third === "" ? {} : { subresource: third }), rest: others };
  }
  const [name, subresource, ...rest] = others;
  return {
    namespace: second,
    resource: third,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
    rest,
  };
};

const splitPath = (segments: readonly string[]): Parts | undefined => {
  const [prefix, ...others] = segments;
  const [group = "", version = "", ...left] = prefix === "api" ? ["", ...others] : others;
  if (prefix !== "api" && prefix !== "apis") return undefined;
  // The old way to ask for a watch.
  const isWatch = left[0] === "watch";
  return { group, version, isWatch, ...splitResource(isWatch ? left.slice(1) : left) };
};

const verbOf = (method: string, parts: Parts, query: URLSearchParams): string => {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (parts.isWatch && verb === "get") return "watch";
  if (parts.name !== undefined) return verb;
  if (verb === "delete") return "deletecollection";
  if (verb !== "get") return verb;
  return readFlag(query, "watch") ? "watch" : "list";
};

/** Reads a request's method and target. */
export const readRequestInfo = (method: string, target: string): RequestInfo => {
  const [path = "/", search = ""] = target.slice(0, MAX_URL_LENGTH).split("?", 2);
  const query = new URLSearchParams(search);
  const segments = path
    .split("/")
    .filter((segment) => segment !== "")
    .map(decodeSegment);
  const parts = splitPath(segments);
  if (parts?.resource === undefined) {
    return { attributes: { verb: method.toLowerCase(), path }, query, isResource: false, rest: [] };
  }
  const { rest, isWatch: _isWatch, ...about } = parts;
  const verb = verbOf(method, parts, query);
  const fieldSelector = parts.name === undefined ? (query.get("fieldSelector") ?? "") : "";
  // A list of one name is as good as a get of it: authorization of nodes depends on it.
  const selectedName = NAME_TERM.exec(fieldSelector)?.[1];
  return {
    attributes: {
      ...about,
      verb,
      path,
      ...(fieldSelector === "" ? {} : { fieldSelector }),
      ...(selectedName === undefined ? {} : { name: selectedName }),
    },
    query,
    isResource: true,
    rest,
  };
};
