import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestCa, openTestCa } from "@nk/kubelet-api/testing";
import type { TestCa } from "@nk/kubelet-api/testing";
import type { ApiJson, ControlPlane } from "@nk/tool-lab";
import { collectionPath, objectPath } from "./api-objects.ts";
import type { ApiObject } from "./api-objects.ts";
import type { Credentials } from "./secure-api.ts";
import { until } from "./until.ts";

/** The recording's users that may do one thing, by what they may. */
export const USERS: { readonly [username: string]: string } = {
  carol: "metrics",
  dave: "stats",
  erin: "log",
  frank: "proxy",
  grace: "pods",
  heidi: "healthz",
  ivan: "configz",
};

const RBAC_GROUP = "rbac.authorization.k8s.io";

type Api = ControlPlane["api"];

const create = (api: Api, object: ApiObject): Promise<ApiJson> =>
  api.json(collectionPath(object.kind ?? ""), { method: "POST", body: object });

/** The CA that signs the cluster's client certificates, with its key: for those that the lab has no words for. */
export const openClusterCa = async (controlPlane: ControlPlane): Promise<TestCa> => {
  const [cert, key] = await Promise.all(
    [controlPlane.clientCaFile, join(controlPlane.dir, "pki", "ca.key")].map((file) => readFile(file, "utf8")),
  );
  return openTestCa({ cert: cert ?? "", key: key ?? "" });
};

/** A token of a service account in the namespace `default`. */
export const requestToken = async (api: Api, account: string): Promise<string> => {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
  const answer = await api.json(`${objectPath("ServiceAccount", account)}/token`, { method: "POST", body });
  return (answer["status"] as { readonly token: string }).token;
};

/** A role, or who has it. */
interface RbacObject extends ApiObject {
  readonly roleRef?: object;
  readonly subjects?: readonly object[];
  readonly rules?: readonly object[];
}

const binding = (name: string, role: string, subject: object): RbacObject => ({
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name },
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: role },
  subjects: [subject],
});

const roleFor = (name: string, right: string): RbacObject => ({
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: "ClusterRole",
  metadata: { name },
  rules: [{ apiGroups: [""], resources: [`nodes/${right}`], verbs: ["get", "create"] }],
});

const isAllowed = async (api: Api, user: string, subresource: string): Promise<boolean> => {
  const resourceAttributes = { verb: "get", version: "v1", resource: "nodes", subresource, name: "node-1" };
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec: { user, resourceAttributes } };
  const answer = await api.json("/apis/authorization.k8s.io/v1/subjectaccessreviews", { method: "POST", body });
  return (answer["status"] as { readonly allowed: boolean }).allowed;
};

/** Service account `robot` with `system:kubelet-api-admin`, and a role for each of {@link USERS}; resolves when the authorizer knows them. */
const grantRights = async (api: Api): Promise<void> => {
  await create(api, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } });
  await create(api, binding("matrix-robot", "system:kubelet-api-admin", { kind: "ServiceAccount", name: "robot", namespace: "default" }));
  for (const [user, right] of Object.entries(USERS)) {
    const name = `matrix-${user}`;
    await create(api, roleFor(name, right));
    await create(api, binding(name, name, { apiGroup: RBAC_GROUP, kind: "User", name: user }));
  }
  for (const [user, right] of [["system:serviceaccount:default:robot", "log"], ...Object.entries(USERS)] as const) {
    await until(`${user} to be allowed nodes/${right}`, () => isAllowed(api, user, right));
  }
};

/** The thirteen of the recording, in its order. The objects that they need are created through the API. */
export const openIdentities = async (controlPlane: ControlPlane): Promise<readonly Credentials[]> => {
  const { api } = controlPlane;
  await grantRights(api);
  const ca = await openClusterCa(controlPlane);
  const person = (commonName: string): Credentials => ({ certificate: ca.issue({ commonName, purpose: "client" }) });
  return [
    {},
    { certificate: createTestCa("somebody else").issue({ commonName: "admin", organizations: ["system:masters"] }) },
    { token: "not-a-token" },
    { authorization: "Basic not even base64" },
    person("bob"),
    { token: await requestToken(api, "robot") },
    ...Object.keys(USERS).map(person),
  ];
};
