import { readFile } from "node:fs/promises";
import { LabError } from "../errors.ts";
import { waitUntil } from "../child-process.ts";
import type { ApiClient } from "./api-client.ts";

/** What to make. */
export interface NamespaceSetup {
  readonly name: string;
  readonly caFile: string;
  /** True: controllers make what belongs into a namespace, and this waits for them; false: this makes it. */
  readonly hasControllers: boolean;
  readonly signal?: AbortSignal | undefined;
}

const createUnlessThere = async (api: ApiClient, path: string, body: object): Promise<void> => {
  const { status, text } = await api.request(path, { method: "POST", body });
  if (status !== 409 && (status < 200 || status > 299))
    throw new LabError("api-failed", `creating in ${path} was answered with ${status}: ${text.slice(0, 500)}`, { details: { status } });
};

/** Creates a namespace in which pods can be created: with the service account `default` and the CA's ConfigMap. */
export const openNamespace = async (api: ApiClient, setup: NamespaceSetup): Promise<void> => {
  const { name, hasControllers, signal } = setup;
  const path = `/api/v1/namespaces/${name}`;
  await createUnlessThere(api, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  if (!hasControllers) {
    const data = { "ca.crt": await readFile(setup.caFile, "utf8") };
    await createUnlessThere(api, `${path}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kube-root-ca.crt" },
      data,
    });
    await createUnlessThere(api, `${path}/serviceaccounts`, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
    return;
  }
  await waitUntil(
    `the service account and the CA's ConfigMap of namespace ${name}`,
    async (patience) => {
      await api.json(`${path}/serviceaccounts/default`, { signal: patience });
      await api.json(`${path}/configmaps/kube-root-ca.crt`, { signal: patience });
    },
    { timeoutMs: 30_000, signal },
  );
};
