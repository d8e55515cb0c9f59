import type { RequestAttributes, UserInfo } from "../contracts.ts";

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** rbac.authorization.k8s.io/v1 Subject. */
export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

const hasOrAll = (list: readonly string[] | undefined, item: string): boolean =>
  list !== undefined && (list.includes(item) || list.includes("*"));

const matchesResource = (rule: PolicyRule, attributes: RequestAttributes): boolean => {
  const { resource = "", subresource = "" } = attributes;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  return hasOrAll(rule.resources, full) || (subresource !== "" && rule.resources?.includes(`*/${subresource}`) === true);
};

const matchesPath = (rule: PolicyRule, path: string): boolean =>
  (rule.nonResourceURLs ?? []).some((url) => (url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path));

/** Whether one rule allows the request (RuleAllows in plugin/pkg/auth/authorizer/rbac). */
export const isAllowedByRule = (rule: PolicyRule, attributes: RequestAttributes): boolean => {
  if (!hasOrAll(rule.verbs, attributes.verb)) return false;
  if (attributes.resource === undefined) return matchesPath(rule, attributes.path);
  if (!hasOrAll(rule.apiGroups, attributes.group ?? "") || !matchesResource(rule, attributes)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(attributes.name ?? "");
};

/** Whether the subject of a binding is the user; `namespace`: that of the binding, which a service account without one is in. */
export const isSubject = (subject: Subject, user: UserInfo, namespace: string): boolean => {
  switch (subject.kind) {
    case "User":
      return user.username === subject.name;
    case "Group":
      return user.groups.includes(subject.name);
    case "ServiceAccount":
      return user.username === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
    default:
      return false;
  }
};
