import { ApiError, badRequest } from "../api-error.ts";
import type { ApiObject, Authorizer, RequestAttributes, UserInfo, VirtualResource } from "../contracts.ts";
import type { RbacEvaluator } from "./rbac.ts";
import type { PolicyRule } from "./rbac-rules.ts";
import { GROUP, nodeNameOf } from "./users.ts";

interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly fieldSelector?: { readonly rawSelector?: string; readonly requirements?: readonly FieldRequirement[] };
}

interface FieldRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

const GROUP_VERSION = { group: "authorization.k8s.io", version: "v1" } as const;

const specOf = (body: ApiObject): ReviewSpec => (body["spec"] ?? {}) as ReviewSpec;

const invalid = (kind: string, message: string): ApiError =>
  new ApiError(`${kind}.authorization.k8s.io "" is invalid: ${message}`, {
    code: 422,
    reason: "Invalid",
    details: { group: GROUP_VERSION.group, kind, causes: [{ reason: "FieldValueInvalid", message, field: "spec" }] },
  });

const selectorOf = (selector: ResourceAttributes["fieldSelector"]): string | undefined =>
  selector?.rawSelector ??
  selector?.requirements
    ?.flatMap(({ key, operator, values }) => (operator === "In" && values?.length === 1 ? [`${key}=${values[0] ?? ""}`] : []))
    .join(",");

const attributesOf = (kind: string, spec: ReviewSpec): RequestAttributes => {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if ((resource === undefined) === (path === undefined)) {
    throw invalid(kind, "spec.resourceAttributes: exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  if (resource === undefined) return { verb: path?.verb ?? "", path: path?.path ?? "" };
  const fieldSelector = selectorOf(resource.fieldSelector);
  const optional = { namespace: resource.namespace, subresource: resource.subresource, name: resource.name, fieldSelector };
  return {
    verb: resource.verb ?? "",
    group: resource.group ?? "",
    version: resource.version ?? "*",
    resource: resource.resource ?? "",
    path: "",
    // An empty text and no text mean the same here.
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== "")),
  };
};

const userOf = (kind: string, spec: ReviewSpec): UserInfo => {
  const { user = "", groups = [], uid, extra } = spec;
  if (user === "" && groups.length === 0)
    throw invalid(kind, 'spec.user: Invalid value: "": at least one of user or group must be specified');
  return { username: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
};

const review = async (authorizer: Authorizer, user: UserInfo, attributes: RequestAttributes): Promise<object> => {
  const { allowed, reason } = await authorizer.authorize(user, attributes);
  return { allowed, ...(reason === "" ? {} : { reason }) };
};

/** `subjectaccessreviews`, `localsubjectaccessreviews`, `selfsubjectaccessreviews`: may they do this? */
export const createAccessReviews = (authorizer: Authorizer): readonly VirtualResource[] => [
  {
    ...GROUP_VERSION,
    resource: "subjectaccessreviews",
    kind: "SubjectAccessReview",
    namespaced: false,
    create: async (_request, body) => {
      const user = userOf("SubjectAccessReview", specOf(body));
      return { ...body, status: await review(authorizer, user, attributesOf("SubjectAccessReview", specOf(body))) };
    },
  },
  {
    ...GROUP_VERSION,
    resource: "localsubjectaccessreviews",
    kind: "LocalSubjectAccessReview",
    namespaced: true,
    create: async (request, body) => {
      const attributes = attributesOf("LocalSubjectAccessReview", specOf(body));
      const { namespace = "" } = request.attributes;
      if (attributes.namespace !== namespace) {
        throw badRequest("spec.resourceAttributes.namespace must match metadata.namespace");
      }
      return { ...body, status: await review(authorizer, userOf("LocalSubjectAccessReview", specOf(body)), attributes) };
    },
  },
  {
    ...GROUP_VERSION,
    resource: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview",
    namespaced: false,
    create: async (request, body) => ({
      ...body,
      status: await review(authorizer, request.user, attributesOf("SelfSubjectAccessReview", specOf(body))),
    }),
  },
];

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

/** `selfsubjectrulesreviews`: what may I do in a namespace? What the node authorizer allows cannot be listed. */
export const createRulesReviews = (rbac: RbacEvaluator): VirtualResource => ({
  ...GROUP_VERSION,
  resource: "selfsubjectrulesreviews",
  kind: "SelfSubjectRulesReview",
  namespaced: false,
  create(request, body) {
    const { namespace = "" } = (body["spec"] ?? {}) as { readonly namespace?: string };
    if (namespace === "") throw badRequest("no namespace on request");
    const isMaster = request.user.groups.includes(GROUP.masters);
    const rules = [...(isMaster ? EVERYTHING : []), ...rbac.listRules(request.user, namespace)];
    const incomplete = nodeNameOf(request.user) !== undefined;
    const status = {
      resourceRules: rules.filter(({ resources }) => resources !== undefined),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs !== undefined)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete,
      ...(incomplete ? { evaluationError: "node authorizer does not support user rule resolution" } : {}),
    };
    return Promise.resolve({ ...body, status });
  },
});
