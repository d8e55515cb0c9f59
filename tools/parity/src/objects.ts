import type { ApiClient } from "@nk/tool-lab";
import type { RecordedObject } from "@nk/tool-recordings";

/** Where the recordings' kinds lie in the API. */
const COLLECTIONS: { readonly [kind: string]: { readonly prefix: string; readonly plural: string; readonly isNamespaced: boolean } } = {
  Pod: { prefix: "/api/v1", plural: "pods", isNamespaced: true },
  ConfigMap: { prefix: "/api/v1", plural: "configmaps", isNamespaced: true },
  Secret: { prefix: "/api/v1", plural: "secrets", isNamespaced: true },
  Service: { prefix: "/api/v1", plural: "services", isNamespaced: true },
  RuntimeClass: { prefix: "/apis/node.k8s.io/v1", plural: "runtimeclasses", isNamespaced: false },
};

const collectionOf = ({ kind, metadata }: RecordedObject): string => {
  const collection = COLLECTIONS[kind];
  if (collection === undefined) throw new Error(`a recording has an object of the unknown kind ${kind}`);
  const { prefix, plural, isNamespaced } = collection;
  return isNamespaced ? `${prefix}/namespaces/${metadata.namespace ?? "default"}/${plural}` : `${prefix}/${plural}`;
};

/** Creates an object; resolves with its uid. */
export const createObject = async (api: ApiClient, object: RecordedObject, signal: AbortSignal): Promise<string> => {
  const created = await api.json(collectionOf(object), { method: "POST", body: object, signal });
  return created.metadata?.uid ?? "";
};

/** Deletes an object, for a pod with its own grace period; one that is gone already is fine. */
export const deleteObject = async (api: ApiClient, object: RecordedObject, signal: AbortSignal): Promise<void> => {
  const path = `${collectionOf(object)}/${object.metadata.name}`;
  const { status, text } = await api.request(path, { method: "DELETE", signal });
  if (status !== 404 && (status < 200 || status > 299))
    throw new Error(`DELETE ${path} was answered with ${status}: ${text.slice(0, 300)}`);
};
