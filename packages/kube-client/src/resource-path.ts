import { KubeClientError } from "./errors.ts";
import type { ResourceKind } from "./kinds.ts";

/** Where an object is. */
export interface ObjectPlace {
  /** Required for namespaced kinds when one object is meant. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** Values of a query string; what is undefined is left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** A name that would change the path is refused rather than escaped: no object has such a name (apimachinery path.ValidatePathSegmentName). */
const segment = (value: string, what: string): string => {
  if (value === "" || value === "." || value === ".." || /[/%]/u.test(value)) {
    throw new KubeClientError({ code: "bad-request", message: `cannot address an object: its ${what} is empty or has / or %` });
  }
  return encodeURIComponent(value);
};

/** The path of an object, or of all of a kind. @throws KubeClientError "bad-request" */
export const computeResourcePath = (kind: ResourceKind, place: ObjectPlace): string => {
  const root = kind.apiVersion.includes("/") ? "/apis" : "/api";
  const parts = [root, "/", kind.apiVersion];
  if (kind.namespaced && place.namespace !== undefined) parts.push("/namespaces/", segment(place.namespace, "namespace"));
  else if (kind.namespaced && place.name !== undefined) {
    throw new KubeClientError({ code: "bad-request", message: `cannot address one of ${kind.resource} without a namespace` });
  }
  parts.push("/", kind.resource);
  if (place.name !== undefined) parts.push("/", segment(place.name, "name"));
  if (place.subresource !== undefined) parts.push("/", segment(place.subresource, "subresource"));
  return parts.join("");
};

/** `?a=b`, or the empty string. */
export const computeQuery = (values: QueryValues): string => {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, String(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
};

/** "pods kube-system/web", for messages. */
export const describePlace = (kind: ResourceKind, place: ObjectPlace): string => {
  const name = [place.namespace, place.name].filter((part) => part !== undefined && part !== "").join("/");
  const resource = place.subresource === undefined ? kind.resource : `${kind.resource}/${place.subresource}`;
  return name === "" ? resource : `${resource} ${name}`;
};
