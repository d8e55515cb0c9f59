import type { UserInfo } from "../contracts.ts";

/** The groups that the server itself gives a meaning (k8s.io/apiserver/pkg/authentication/user). */
export const GROUP = {
  authenticated: "system:authenticated",
  unauthenticated: "system:unauthenticated",
  masters: "system:masters",
  nodes: "system:nodes",
  bootstrappers: "system:bootstrappers",
  serviceAccounts: "system:serviceaccounts",
} as const;

const NODE_PREFIX = "system:node:";
const ACCOUNT_PREFIX = "system:serviceaccount:";

/** Whoever was authenticated is in `system:authenticated`, whatever the credential says. */
export const asAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(GROUP.authenticated) || user.groups.includes(GROUP.unauthenticated)
    ? user
    : { ...user, groups: [...user.groups, GROUP.authenticated] };

/** The node that the user is: of the group system:nodes and named after it. Empty for a node without a name, undefined for anybody else. */
export const nodeNameOf = (user: UserInfo): string | undefined => {
  if (!user.username.startsWith(NODE_PREFIX) || !user.groups.includes(GROUP.nodes)) return undefined;
  return user.username.slice(NODE_PREFIX.length);
};

/** `system:serviceaccount:NAMESPACE:NAME`. */
export const serviceAccountUsername = (account: { readonly namespace: string; readonly name: string }): string =>
  `${ACCOUNT_PREFIX}${account.namespace}:${account.name}`;

/** The groups of every service account of a namespace. */
export const serviceAccountGroups = (namespace: string): readonly string[] => [
  GROUP.serviceAccounts,
  `${GROUP.serviceAccounts}:${namespace}`,
];
