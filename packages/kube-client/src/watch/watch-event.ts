import type { KubeObject } from "../kinds.ts";
import { parseStatus, statusError } from "../request/status-error.ts";
import type { KubeClientError } from "../errors.ts";

/** One line of a watch, understood. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T; readonly resourceVersion: string }
  | { readonly type: "bookmark"; readonly resourceVersion: string; readonly isInitialEnd: boolean }
  | { readonly type: "error"; readonly error: KubeClientError };

/** Marks the bookmark that ends the initial events (KEP-3157). */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

const CHANGES = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

const isObject = (value: unknown): value is KubeObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads a line; undefined when it is not an event of a watch. */
export const parseWatchEvent = <T extends KubeObject>(line: Buffer, what: string): WatchEvent<T> | undefined => {
  let event: unknown;
  try {
    event = JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isObject(event) || !("type" in event) || !("object" in event) || !isObject(event.object)) return undefined;
  const { type, object } = event as { readonly type: unknown; readonly object: KubeObject };
  if (type === "ERROR") {
    const status = parseStatus(object);
    if (status === undefined) return undefined;
    return { type: "error", error: statusError({ what: `cannot ${what}`, status: status.code ?? 500, body: status }) };
  }
  const resourceVersion: unknown = object.metadata?.resourceVersion;
  if (typeof resourceVersion !== "string" || resourceVersion === "") return undefined;
  if (type === "BOOKMARK") {
    return { type: "bookmark", resourceVersion, isInitialEnd: object.metadata?.annotations?.[INITIAL_EVENTS_END] === "true" };
  }
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") return undefined;
  if (typeof object.metadata?.name !== "string") return undefined;
  return { type: CHANGES[type], object: object as T, resourceVersion };
};
