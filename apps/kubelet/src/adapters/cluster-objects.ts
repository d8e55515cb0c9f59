import { createToken, isKubeClientError, kinds } from "@nk/kube-client";
import type { KubeClient, KubeObject, ResourceKind } from "@nk/kube-client";
import type { ConfigMap, Container, Secret } from "@nk/pod-model";
import type { EnvObjects } from "@nk/pod-sync";
import { isVolumesError, podReferences } from "@nk/volumes";
import type { ObjectPort, ObjectSourcePort, TokenSourcePort, TrustBundlePort } from "@nk/volumes";
import type { Pod } from "@nk/pod-model";

/** One kind of object, by name: what a node may read of Secrets and ConfigMaps is what its pods refer to. */
const objectSource = <T extends KubeObject>(client: KubeClient, kind: ResourceKind<T>): ObjectSourcePort<T> => ({
  get: (ref, { signal }) => client.get(kind, ref, { signal }),
  watch: ({ namespace, name }, { signal }) => client.watch(kind, { namespace, fieldSelector: `metadata.name=${name}` }, { signal }),
});

/** Secrets of the API. */
export const secretSource = (client: KubeClient): ObjectSourcePort<Secret> => objectSource(client, kinds.secrets);

/** ConfigMaps of the API. */
export const configMapSource = (client: KubeClient): ObjectSourcePort<ConfigMap> => objectSource(client, kinds.configMaps);

/** Tokens of service accounts, bound to a pod. */
export const tokenSource = (client: KubeClient): TokenSourcePort => ({
  requestToken: async ({ namespace, serviceAccount, audiences, expirationSeconds, pod }, { signal }) => {
    const { token, expirationTimestamp } = await createToken(
      client,
      {
        namespace,
        name: serviceAccount,
        spec: { audiences, expirationSeconds, boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid } },
      },
      { signal },
    );
    if (token === undefined || expirationTimestamp === undefined) throw new Error("the answer holds no token");
    return { token, expirationTimestamp };
  },
});

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

const selectorText = (labels: { readonly [key: string]: string } | undefined): string | undefined =>
  labels === undefined
    ? undefined
    : Object.entries(labels)
        .map((pair) => pair.join("="))
        .join(",");

/** ClusterTrustBundles, read when a volume wants them; an API server that does not serve them has none. */
export const trustBundles = (client: KubeClient): TrustBundlePort => ({
  get: async (query, { signal }) => {
    const read = async (): Promise<readonly { readonly spec: { readonly trustBundle: string } }[]> => {
      if ("name" in query) return [await client.get(kinds.clusterTrustBundles, { name: query.name }, { signal })];
      const { signerName, labelSelector } = query;
      if ((labelSelector?.matchExpressions ?? []).length > 0)
        throw new Error("matchExpressions of a clusterTrustBundle are not supported yet");
      const selection = { fieldSelector: `spec.signerName=${signerName}`, labelSelector: selectorText(labelSelector?.matchLabels) };
      return (await client.listAll(kinds.clusterTrustBundles, selection, { signal })).items;
    };
    try {
      const blocks = (await read()).flatMap(({ spec }) => spec.trustBundle.match(PEM_BLOCK) ?? []);
      if (blocks.length > 0 || query.optional) return [...new Set(blocks)].map((block) => `${block}\n`).join("");
      throw new Error(`combined signer bundles are empty`);
    } catch (error) {
      if (query.optional && isKubeClientError(error, "not-found")) return "";
      throw error;
    }
  },
});

const decoded = (data: { readonly [key: string]: string } | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));

/** The ConfigMaps and Secrets that a container's environment is made from; one that does not exist is left out. */
export const readEnvObjects = async (
  objects: ObjectPort,
  { pod, container }: { readonly pod: Pod; readonly container: Container },
  options: { readonly signal?: AbortSignal },
): Promise<EnvObjects> => {
  const configMaps = new Map<string, ReadonlyMap<string, string>>();
  const secrets = new Map<string, ReadonlyMap<string, string>>();
  const namespace = pod.metadata?.namespace ?? "default";
  const read = async (kind: "Secret" | "ConfigMap", name: string): Promise<void> => {
    try {
      if (kind === "Secret") secrets.set(name, decoded((await objects.get("Secret", { namespace, name }, options)).data));
      else configMaps.set(name, new Map(Object.entries((await objects.get("ConfigMap", { namespace, name }, options)).data ?? {})));
    } catch (error) {
      if (!isVolumesError(error) || error.code !== "object-not-found") throw error;
    }
  };
  // Not those of its neighbours: what cannot be read of theirs is not to hold this one up.
  const inEnvironment = podReferences({ spec: { containers: [container] } });
  await Promise.all(inEnvironment.map(({ kind, name }) => read(kind, name)));
  return { configMaps, secrets };
};
