import { runTaskGroup } from "@nk/stdx";
import type { ApiObject, Controller } from "../contracts.ts";
import { KIND } from "../stored-kinds.ts";
import { follow } from "./follow.ts";
import type { Follower } from "./follow.ts";
import { attempt } from "./guard.ts";
import type { ControllerOptions } from "./options.ts";

const ROOT_CA = "kube-root-ca.crt";

/** What pods in any namespace count on. */
export interface NamespaceContentsOptions extends ControllerOptions {
  /** The authority of this server, PEM. */
  readonly caPem: string;
}

/** Puts the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt` into every namespace, and puts them back when they go. */
export const createNamespaceContents = (options: NamespaceContentsOptions): Controller => {
  const { store, client, caPem, logger } = options;

  const ensure = (namespace: string): void => {
    const found = store.get(KIND.namespaces, { name: namespace });
    const isActive = found !== undefined && found.metadata?.deletionTimestamp === undefined;
    if (!isActive) return;
    if (store.get(KIND.serviceAccounts, { namespace, name: "default" }) === undefined) {
      client.create(KIND.serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name: "default" } });
    }
    const data = { "ca.crt": caPem };
    const map = store.get(KIND.configMaps, { namespace, name: ROOT_CA });
    if (map === undefined) {
      const annotations = {
        "kubernetes.io/description":
          "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
      };
      client.create(KIND.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: ROOT_CA, annotations }, data });
    } else if ((map["data"] as { readonly [key: string]: string } | undefined)?.["ca.crt"] !== caPem) {
      client.update(KIND.configMaps, (current) => ({ ...current, data }), { namespace, name: ROOT_CA });
    }
  };

  const ensureAgain = (namespace: string): void => attempt(logger, `contents of namespace ${namespace}`, () => ensure(namespace));
  const ofNamespace = ({ metadata }: ApiObject): void => ensureAgain(metadata?.name ?? "");

  /** Only the one object of the namespace counts. */
  const byName = (name: string): Follower => ({
    onList: () => undefined,
    onChange: ({ type, object }) => {
      if (object.metadata?.name === name && type !== "ADDED") ensureAgain(object.metadata.namespace ?? "");
    },
  });

  const namespaces: Follower = {
    onList: (items) => items.forEach(ofNamespace),
    onChange: ({ type, object }) => {
      if (type !== "DELETED") ofNamespace(object);
    },
  };

  return {
    name: "namespace-contents",
    run: (signal) =>
      runTaskGroup(signal, {
        namespaces: (linked) => follow(store, KIND.namespaces, { follower: namespaces, signal: linked }),
        accounts: (linked) => follow(store, KIND.serviceAccounts, { follower: byName("default"), signal: linked }),
        maps: (linked) => follow(store, KIND.configMaps, { follower: byName(ROOT_CA), signal: linked }),
      }),
  };
};
