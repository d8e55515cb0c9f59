import { beforeEach, describe, expect, it } from "vitest";
import type { RequestAttributes, Store, SubresourceRequest, UserInfo } from "../contracts.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND } from "../stored-kinds.ts";
import { createAccessReviews, createRulesReviews } from "./access-reviews.ts";
import { joinAuthorizers, mastersAuthorizer } from "./authorizer.ts";
import { ensureBootstrapRoles } from "./bootstrap-roles.ts";
import { createRbac } from "./rbac.ts";
import type { RbacEvaluator } from "./rbac.ts";

let store: Store;
let rbac: RbacEvaluator;

const user = (username: string, ...groups: readonly string[]): UserInfo => ({ username, groups: ["system:authenticated", ...groups] });

const may = async (who: UserInfo, attributes: Partial<RequestAttributes> & { readonly verb: string }): Promise<boolean> =>
  (await rbac.authorize(who, { path: "", ...(attributes.resource === undefined ? {} : { group: "" }), ...attributes })).allowed;

const bind = (name: string, role: string, subject: object, namespace?: string): void => {
  store.create(namespace === undefined ? KIND.clusterRoleBindings : KIND.roleBindings, {
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { kind: role.startsWith("role:") ? "Role" : "ClusterRole", name: role.replace("role:", "") },
    subjects: [subject],
  });
};

beforeEach(() => {
  store = createMemoryStore();
  ensureBootstrapRoles(store);
  rbac = createRbac(store);
});

describe("RBAC", () => {
  it("allows what a bound role allows, in its namespace only", async () => {
    const ann = user("ann");
    bind("b", "view", { kind: "User", name: "ann" }, "ns");
    await expect(may(ann, { verb: "list", resource: "pods", namespace: "ns" })).resolves.toBe(true);
    await expect(may(ann, { verb: "get", resource: "pods", subresource: "log", namespace: "ns", name: "p" })).resolves.toBe(true);
    await expect(may(ann, { verb: "list", resource: "pods", namespace: "other" })).resolves.toBe(false);
    await expect(may(ann, { verb: "list", resource: "pods" })).resolves.toBe(false);
    await expect(may(ann, { verb: "get", resource: "secrets", namespace: "ns", name: "s" })).resolves.toBe(false);
    await expect(may(ann, { verb: "create", resource: "pods", subresource: "exec", namespace: "ns", name: "p" })).resolves.toBe(false);
  });

  it("knows users, groups and service accounts, roles and cluster roles, names and wildcards", async () => {
    store.create(KIND.roles, {
      metadata: { namespace: "ns", name: "one" },
      rules: [
        { verbs: ["get"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["only"] },
        { verbs: ["*"], apiGroups: ["*"], resources: ["*/status"] },
      ],
    });
    bind("a", "role:one", { kind: "ServiceAccount", name: "sa" }, "ns");
    bind("g", "edit", { kind: "Group", name: "devs" });
    const account = user("system:serviceaccount:ns:sa");
    await expect(may(account, { verb: "get", resource: "configmaps", namespace: "ns", name: "only" })).resolves.toBe(true);
    await expect(may(account, { verb: "get", resource: "configmaps", namespace: "ns", name: "other" })).resolves.toBe(false);
    await expect(may(account, { verb: "patch", resource: "pods", subresource: "status", namespace: "ns", name: "p" })).resolves.toBe(true);
    await expect(may(account, { verb: "patch", resource: "pods", namespace: "ns", name: "p" })).resolves.toBe(false);
    await expect(
      may(user("system:serviceaccount:other:sa"), { verb: "get", resource: "configmaps", namespace: "ns", name: "only" }),
    ).resolves.toBe(false);
    await expect(may(user("bob", "devs"), { verb: "create", resource: "pods", namespace: "any" })).resolves.toBe(true);
    await expect(may(user("bob"), { verb: "create", resource: "pods", namespace: "any" })).resolves.toBe(false);
  });

  it("lets anybody who is somebody see versions, discovery and ask about himself", async () => {
    await expect(may(user("x"), { verb: "get", path: "/api/v1" })).resolves.toBe(true);
    await expect(may(user("x"), { verb: "get", path: "/version" })).resolves.toBe(true);
    await expect(may(user("x"), { verb: "get", path: "/metrics" })).resolves.toBe(false);
    await expect(may(user("x"), { verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews" })).resolves.toBe(
      true,
    );
    await expect(may({ username: "x", groups: [] }, { verb: "get", path: "/api/v1" })).resolves.toBe(false);
  });

  it("keeps a bootstrap role that somebody changed", () => {
    store.update(KIND.clusterRoles, { name: "view" }, (role) => ({ ...role, rules: [] }));
    ensureBootstrapRoles(store);
    expect(store.get(KIND.clusterRoles, { name: "view" })).toMatchObject({ rules: [] });
  });
});

describe("access reviews", () => {
  const request = (who: UserInfo): SubresourceRequest =>
    ({ user: who, attributes: { verb: "create", path: "", namespace: "ns" } }) as Partial<SubresourceRequest> as SubresourceRequest;
  const review = (kind: string, who: UserInfo, spec: object): Promise<object> => {
    const found = createAccessReviews(joinAuthorizers(mastersAuthorizer, rbac)).find((item) => item.kind === kind);
    if (found === undefined) throw new Error(`no ${kind}`);
    return Promise.resolve().then(() => found.create(request(who), { spec }));
  };

  it("answer for oneself and for others", async () => {
    bind("b", "view", { kind: "User", name: "ann" }, "ns");
    const resourceAttributes = { verb: "get", resource: "pods", namespace: "ns" };
    await expect(review("SelfSubjectAccessReview", user("ann"), { resourceAttributes })).resolves.toMatchObject({
      status: { allowed: true, reason: 'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "view" to User "ann"' },
    });
    await expect(review("SelfSubjectAccessReview", user("bob"), { resourceAttributes })).resolves.toMatchObject({
      status: { allowed: false },
    });
    await expect(review("SubjectAccessReview", user("x"), { user: "ann", resourceAttributes })).resolves.toMatchObject({
      status: { allowed: true },
    });
    const nonResourceAttributes = { verb: "get", path: "/metrics" };
    await expect(review("SubjectAccessReview", user("x"), { groups: ["system:masters"], nonResourceAttributes })).resolves.toMatchObject({
      status: { allowed: true },
    });
    await expect(review("LocalSubjectAccessReview", user("x"), { user: "ann", resourceAttributes })).resolves.toMatchObject({
      status: { allowed: true },
    });
  });

  it("are refused when they ask nothing, two things, or about nobody", async () => {
    const both = { resourceAttributes: {}, nonResourceAttributes: {} };
    await expect(review("SelfSubjectAccessReview", user("x"), {})).rejects.toMatchObject({ code: 422 });
    await expect(review("SelfSubjectAccessReview", user("x"), both)).rejects.toMatchObject({ code: 422 });
    await expect(review("SubjectAccessReview", user("x"), { resourceAttributes: {} })).rejects.toMatchObject({ code: 422 });
    const elsewhere = { user: "a", resourceAttributes: { namespace: "elsewhere" } };
    await expect(review("LocalSubjectAccessReview", user("x"), elsewhere)).rejects.toMatchObject({ code: 400 });
  });

  it("list the rules of a namespace", async () => {
    bind("b", "view", { kind: "User", name: "ann" }, "ns");
    const { status } = (await createRulesReviews(rbac).create(request(user("ann")), { spec: { namespace: "ns" } })) as unknown as {
      status: { resourceRules: readonly { readonly resources: readonly string[] }[]; incomplete: boolean };
    };
    expect(status.incomplete).toBe(false);
    expect(status.resourceRules.some(({ resources }) => resources.includes("pods/log"))).toBe(true);
  });
});
