import type { KubeObject, ResourceKind } from "../kinds.ts";
import { ApiStatusError } from "./api-error.ts";

/** What a path of the API means. */
export interface Route {
  readonly kind: ResourceKind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const notFound = (): ApiStatusError => new ApiStatusError(404, "NotFound", { message: "the server could not find the requested resource" });

/** Reads `/api/v1/...` and `/apis/GROUP/VERSION/...` of the kinds that are served. */
export const parseRoute = (path: string, kinds: readonly ResourceKind<KubeObject>[]): Route => {
  const [root, ...parts] = path
    .split("/")
    .slice(1)
    .map((part) => decodeURIComponent(part));
  const apiVersion = root === "api" ? parts.shift() : root === "apis" ? parts.splice(0, 2).join("/") : undefined;
  if (apiVersion === undefined) throw notFound();
  const isScoped = parts[0] === "namespaces" && parts.length > 2;
  const namespace = isScoped ? parts.splice(0, 2)[1] : undefined;
  const [resource, name, subresource] = parts;
  const find = (wanted: string | undefined): ResourceKind | undefined =>
    kinds.find((kind) => kind.apiVersion === apiVersion && kind.resource === wanted);
  const kind = find(resource);
  const isPlaced = kind?.namespaced === true ? namespace !== undefined || name === undefined : namespace === undefined;
  if (kind !== undefined && isPlaced) return { kind, namespace, name, subresource };
  // `namespaces/NAME/status` looks like a namespaced resource.
  const namespaces = find("namespaces");
  if (isScoped && namespaces !== undefined) return { kind: namespaces, namespace: undefined, name: namespace, subresource: resource };
  throw notFound();
};
