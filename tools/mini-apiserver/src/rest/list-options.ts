import { ApiError, badRequest } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { invalid, invalidObject, notAllowed, notSupported } from "../kinds/field-error.ts";
import type { FieldError } from "../kinds/field-error.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";

/** What the query of a list or watch asks for. */
export interface ListOptions {
  readonly matches: (object: ApiObject) => boolean;
  readonly hasSelector: boolean;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly limit: number;
  readonly continueToken: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowsBookmarks: boolean;
  readonly sendsInitialEvents: boolean | undefined;
}

/** `1`, `true` and an empty value are true, as where the reference reads a flag from a query. */
export const readFlag = (query: URLSearchParams, name: string): boolean => {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
};

const readInteger = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d{1,15}$/u.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
};

const LIST_OPTIONS = { group: "meta.k8s.io", kind: "ListOptions" };

const validateMatch = (match: string, options: { readonly version: string; readonly isContinued: boolean }): readonly FieldError[] => {
  const field = "resourceVersionMatch";
  if (match === "") return [];
  if (options.isContinued) return [notAllowed(field, `${field} is forbidden when continue is provided`)];
  if (options.version === "") return [notAllowed(field, `${field} is forbidden unless resourceVersion is provided`)];
  if (match !== "Exact" && match !== "NotOlderThan") return [notSupported(field, match, ["Exact", "NotOlderThan", ""])];
  if (match === "Exact" && options.version === "0") {
    return [notAllowed(field, `${field} "Exact" is forbidden for resourceVersion "0"`)];
  }
  return [];
};

const validateInitialEvents = (query: URLSearchParams, isWatch: boolean): readonly FieldError[] => {
  const match = query.get("resourceVersionMatch") ?? "";
  const text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
  if (!isWatch) return query.has("sendInitialEvents") ? [notAllowed("sendInitialEvents", "sendInitialEvents is forbidden for list")] : [];
  if (!query.has("sendInitialEvents")) {
    return match === ""
      ? []
      : [notAllowed("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")];
  }
  const errors = match === "NotOlderThan" ? [] : [notAllowed("resourceVersionMatch", text)];
  return query.has("continue") ? [...errors, notAllowed("continue", "continue is forbidden when sendInitialEvents is set")] : errors;
};

const validate = (query: URLSearchParams, isWatch: boolean): void => {
  const version = query.get("resourceVersion") ?? "";
  const isContinued = (query.get("continue") ?? "") !== "";
  const match = query.get("resourceVersionMatch") ?? "";
  const errors = [...(isWatch ? [] : validateMatch(match, { version, isContinued })), ...validateInitialEvents(query, isWatch)];
  if (errors.length > 0) throw invalidObject(LIST_OPTIONS, "", errors);
};

const checkVersion = (text: string): string => {
  if (text === "" || /^\d{1,19}$/u.test(text)) return text;
  const error = invalid("resourceVersion", text, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  throw badRequest(`invalid resource version: ${error.field}: ${error.message}`);
};

/** Reads the query of a list (or a watch) of a kind. @throws ApiError 400, 422 */
export const readListOptions = (query: URLSearchParams, definition: KindDefinition, isWatch: boolean): ListOptions => {
  validate(query, isWatch);
  const labels = parseLabelSelector(query.get("labelSelector"));
  const fields = parseFieldSelector(query.get("fieldSelector"), definition);
  const hasSelector = Boolean(query.get("labelSelector") || query.get("fieldSelector"));
  return {
    matches: hasSelector ? (object) => fields.matches(object) && labels(object.metadata?.labels) : () => true,
    hasSelector,
    resourceVersion: checkVersion(query.get("resourceVersion") ?? ""),
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: readInteger(query, "limit") ?? 0,
    continueToken: query.get("continue") ?? "",
    timeoutSeconds: readInteger(query, "timeoutSeconds"),
    allowsBookmarks: readFlag(query, "allowWatchBookmarks"),
    sendsInitialEvents: query.has("sendInitialEvents") ? readFlag(query, "sendInitialEvents") : undefined,
  };
};

/** 504: somebody knows a version that this server has not reached, as after the loss of its data. */
export const tooLargeVersion = (wanted: string, current: string): ApiError =>
  new ApiError(`Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    code: 504,
    reason: "Timeout",
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }], retryAfterSeconds: 1 },
  });
