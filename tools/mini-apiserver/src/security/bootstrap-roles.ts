import type { ApiObject, Store, StoredKind } from "../contracts.ts";
import { KIND } from "../stored-kinds.ts";
import { NODE_RULES } from "./node-rules.ts";
import type { PolicyRule, Subject } from "./rbac-rules.ts";

const RBAC = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];
const KUBELET_SUBRESOURCES = ["configz", "healthz", "log", "metrics", "pods", "proxy", "stats"].map((name) => `nodes/${name}`);

/** What a user of a namespace sees; secrets and roles are not in it. */
const VIEWED: readonly PolicyRule[] = [
  {
    verbs: READ,
    apiGroups: [""],
    resources: [
      "bindings",
      "configmaps",
      "endpoints",
      "events",
      "limitranges",
      "namespaces",
      "namespaces/status",
      "persistentvolumeclaims",
      "persistentvolumeclaims/status",
      "pods",
      "pods/log",
      "pods/status",
      "replicationcontrollers",
      "resourcequotas",
      "serviceaccounts",
      "services",
      "services/status",
    ],
  },
  { verbs: READ, apiGroups: ["apps", "autoscaling", "batch", "networking.k8s.io", "discovery.k8s.io"], resources: ["*"] },
  { verbs: READ, apiGroups: ["policy"], resources: ["poddisruptionbudgets", "poddisruptionbudgets/status"] },
];

const EDITED: readonly PolicyRule[] = [
  {
    verbs: WRITE,
    apiGroups: [""],
    resources: [
      "configmaps",
      "events",
      "persistentvolumeclaims",
      "pods",
      "pods/attach",
      "pods/exec",
      "pods/portforward",
      "pods/proxy",
      "replicationcontrollers",
      "secrets",
      "serviceaccounts",
      "services",
      "services/proxy",
    ],
  },
  { verbs: READ, apiGroups: [""], resources: ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"] },
  { verbs: ["create"], apiGroups: [""], resources: ["pods/eviction", "serviceaccounts/token"] },
  { verbs: ["impersonate"], apiGroups: [""], resources: ["serviceaccounts"] },
  { verbs: WRITE, apiGroups: ["apps", "autoscaling", "batch", "networking.k8s.io"], resources: ["*"] },
  { verbs: WRITE, apiGroups: ["policy"], resources: ["poddisruptionbudgets"] },
  { verbs: [...READ, ...WRITE], apiGroups: ["coordination.k8s.io"], resources: ["leases"] },
  ...VIEWED,
];

const DISCOVERY = [
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/healthz",
  "/livez",
  "/openapi",
  "/openapi/*",
  "/readyz",
  "/version",
  "/version/",
];

const SIGNING = ["certificatesigningrequests"];

/** Names and subjects as the reference has them; the rules of admin, edit and view are narrowed to what is served here, and not aggregated. */
const CLUSTER_ROLES: { readonly [name: string]: readonly PolicyRule[] } = {
  "cluster-admin": [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  ],
  admin: [
    ...EDITED,
    { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews"] },
    { verbs: [...READ, ...WRITE], apiGroups: [RBAC], resources: ["rolebindings", "roles"] },
  ],
  edit: EDITED,
  view: VIEWED,
  "system:auth-delegator": [
    { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"] },
    { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"] },
  ],
  "system:basic-user": [
    { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] },
    { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
  ],
  "system:discovery": [{ verbs: ["get"], nonResourceURLs: DISCOVERY }],
  "system:kubelet-api-admin": [
    { verbs: READ, apiGroups: [""], resources: ["nodes"] },
    { verbs: ["proxy"], apiGroups: [""], resources: ["nodes"] },
    { verbs: ["*"], apiGroups: [""], resources: KUBELET_SUBRESOURCES },
  ],
  "system:monitoring": [
    {
      verbs: ["get"],
      nonResourceURLs: ["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"],
    },
    { verbs: ["get"], apiGroups: [""], resources: ["nodes/metrics"] },
  ],
  "system:node": NODE_RULES,
  "system:node-bootstrapper": [{ verbs: ["create", ...READ], apiGroups: ["certificates.k8s.io"], resources: SIGNING }],
  "system:node-proxier": [
    { verbs: ["list", "watch"], apiGroups: [""], resources: ["endpoints", "services"] },
    { verbs: READ, apiGroups: [""], resources: ["nodes"] },
    { verbs: ["create", "patch", "update"], apiGroups: ["", "events.k8s.io"], resources: ["events"] },
    { verbs: ["list", "watch"], apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] },
  ],
  "system:certificates.k8s.io:certificatesigningrequests:nodeclient": [
    { verbs: ["create"], apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/nodeclient"] },
  ],
  "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": [
    { verbs: ["create"], apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/selfnodeclient"] },
  ],
  "system:public-info-viewer": [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"] }],
  "system:service-account-issuer-discovery": [
    {
      verbs: ["get"],
      nonResourceURLs: ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"],
    },
  ],
};

const group = (name: string): Subject => ({ apiGroup: RBAC, kind: "Group", name });

/** The last three are what a cluster's installer adds (kubeadm): a bootstrap token gets a node its certificate, and nodes renew theirs. */
const CLUSTER_BINDINGS: readonly { readonly name: string; readonly role: string; readonly subjects: readonly Subject[] }[] = [
  { name: "cluster-admin", role: "cluster-admin", subjects: [group("system:masters")] },
  { name: "system:basic-user", role: "system:basic-user", subjects: [group("system:authenticated")] },
  { name: "system:discovery", role: "system:discovery", subjects: [group("system:authenticated")] },
  { name: "system:monitoring", role: "system:monitoring", subjects: [group("system:monitoring")] },
  { name: "system:node", role: "system:node", subjects: [] },
  { name: "system:node-proxier", role: "system:node-proxier", subjects: [{ apiGroup: RBAC, kind: "User", name: "system:kube-proxy" }] },
  {
    name: "system:public-info-viewer",
    role: "system:public-info-viewer",
    subjects: [group("system:authenticated"), group("system:unauthenticated")],
  },
  {
    name: "system:service-account-issuer-discovery",
    role: "system:service-account-issuer-discovery",
    subjects: [group("system:serviceaccounts")],
  },
  { name: "kubeadm:kubelet-bootstrap", role: "system:node-bootstrapper", subjects: [group("system:bootstrappers")] },
  {
    name: "kubeadm:node-autoapprove-bootstrap",
    role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    subjects: [group("system:bootstrappers")],
  },
  {
    name: "kubeadm:node-autoapprove-certificate-rotation",
    role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    subjects: [group("system:nodes")],
  },
];

const metadata = (name: string): NonNullable<ApiObject["metadata"]> => ({
  name,
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
});

/** Writes the roles and bindings that are not there yet; ones that somebody changed stay as they are. */
export const ensureBootstrapRoles = (store: Store): void => {
  const ensure = (kind: StoredKind, object: ApiObject): void => {
    if (store.get(kind, { name: object.metadata?.name ?? "" }) === undefined) store.create(kind, object);
  };
  for (const [name, rules] of Object.entries(CLUSTER_ROLES)) {
    ensure(KIND.clusterRoles, { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: metadata(name), rules });
  }
  for (const { name, role, subjects } of CLUSTER_BINDINGS) {
    ensure(KIND.clusterRoleBindings, {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: metadata(name),
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      ...(subjects.length === 0 ? {} : { subjects }),
    });
  }
};
