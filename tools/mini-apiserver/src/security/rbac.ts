import type { ApiObject, Authorizer, RequestAttributes, Store, UserInfo } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { isAllowedByRule, isSubject } from "./rbac-rules.ts";
import type { PolicyRule, Subject } from "./rbac-rules.ts";

interface RoleBinding {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly subjects?: readonly Subject[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

/** Rules that hold for a user, and by which binding. */
interface Grant {
  readonly rules: readonly PolicyRule[];
  readonly reason: string;
}

/** Finds out what the stored roles and bindings allow. */
export interface RbacEvaluator extends Authorizer {
  /** All rules that hold for the user in the namespace, those of the cluster included. */
  listRules(user: UserInfo, namespace: string): readonly PolicyRule[];
}

const rulesOf = (role: ApiObject | undefined): readonly PolicyRule[] =>
  role === undefined ? [] : (typed<{ rules?: readonly PolicyRule[] }>(role).rules ?? []);

/** Reads roles and bindings anew for each request: they are few, and a change counts at once. Aggregated roles are not computed. */
export const createRbac = (store: Store): RbacEvaluator => {
  const clusterRules = (name: string): readonly PolicyRule[] => rulesOf(store.get(KIND.clusterRoles, { name }));

  function* grantsOf(user: UserInfo, namespace: string | undefined): Generator<Grant> {
    for (const item of store.list(KIND.clusterRoleBindings).items) {
      const binding = typed<RoleBinding>(item);
      const subject = binding.subjects?.find((candidate) => isSubject(candidate, user, ""));
      if (subject === undefined) continue;
      const reason = `RBAC: allowed by ClusterRoleBinding "${binding.metadata?.name ?? ""}" of ClusterRole "${binding.roleRef.name}" to ${subject.kind} "${subject.name}"`;
      yield { rules: clusterRules(binding.roleRef.name), reason };
    }
    if (namespace === undefined || namespace === "") return;
    for (const item of store.list(KIND.roleBindings, { namespace }).items) {
      const binding = typed<RoleBinding>(item);
      const subject = binding.subjects?.find((candidate) => isSubject(candidate, user, namespace));
      if (subject === undefined) continue;
      const { kind, name } = binding.roleRef;
      const rules = kind === "ClusterRole" ? clusterRules(name) : rulesOf(store.get(KIND.roles, { namespace, name }));
      const reason = `RBAC: allowed by RoleBinding "${binding.metadata?.name ?? ""}/${namespace}" of ${kind} "${name}" to ${subject.kind} "${subject.name}"`;
      yield { rules, reason };
    }
  }

  return {
    authorize(user: UserInfo, attributes: RequestAttributes) {
      for (const { rules, reason } of grantsOf(user, attributes.namespace)) {
        if (rules.some((rule) => isAllowedByRule(rule, attributes))) return Promise.resolve({ allowed: true, reason });
      }
      return Promise.resolve({ allowed: false, reason: "" });
    },
    listRules: (user, namespace) => [...grantsOf(user, namespace)].flatMap(({ rules }) => rules),
  };
};
