import type {
  AuthenticationTokenRequest,
  DeleteOptions,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  TokenRequestSpec,
  TokenRequestStatus,
  TokenReview,
  TokenReviewSpec,
  TokenReviewStatus,
} from "@nk/pod-model";
import { KubeClientError } from "./errors.ts";
import { defineKind, kinds } from "./kinds.ts";
import type { ResourceKind } from "./kinds.ts";
import type { CallOptions } from "./options.ts";
import type { ObjectName, Verbs } from "./verbs.ts";

const tokenReviews: ResourceKind<TokenReview> = defineKind<TokenReview>({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  resource: "tokenreviews",
  namespaced: false,
});

const subjectAccessReviews: ResourceKind<SubjectAccessReview> = defineKind<SubjectAccessReview>({
  apiVersion: "authorization.k8s.io/v1",
  kind: "SubjectAccessReview",
  resource: "subjectaccessreviews",
  namespaced: false,
});

const requireStatus = <S>(status: S | undefined, what: string): S => {
  if (status !== undefined) return status;
  throw new KubeClientError({ code: "bad-answer", message: `cannot ${what}: the answer has no status` });
};

/** A token of a service account (TokenRequest). `spec.boundObjectRef` ties it to a pod. */
export const createToken = async (
  client: Pick<Verbs, "createSubresource">,
  account: ObjectName & { readonly spec: TokenRequestSpec },
  options: CallOptions = {},
): Promise<TokenRequestStatus> => {
  const { namespace, name, spec } = account;
  const body: AuthenticationTokenRequest = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const place = { namespace, name, subresource: "token" };
  const answer = await client.createSubresource<AuthenticationTokenRequest>(kinds.serviceAccounts, place, { ...options, body });
  return requireStatus(answer.status, "create a token");
};

/** Who a bearer token belongs to (TokenReview). */
export const reviewToken = async (
  client: Pick<Verbs, "create">,
  spec: TokenReviewSpec,
  options: CallOptions = {},
): Promise<TokenReviewStatus> => requireStatus((await client.create(tokenReviews, { spec }, options)).status, "review a token");

/** Whether somebody may do something (SubjectAccessReview). */
export const reviewAccess = async (
  client: Pick<Verbs, "create">,
  spec: SubjectAccessReviewSpec,
  options: CallOptions = {},
): Promise<SubjectAccessReviewStatus> =>
  requireStatus((await client.create(subjectAccessReviews, { spec }, options)).status, "review an access");

/** Asks the API to evict a pod; "too-many-requests" when a disruption budget does not allow it now. */
export const evictPod = async (
  client: Pick<Verbs, "createSubresource">,
  pod: ObjectName & { readonly deleteOptions?: DeleteOptions | undefined },
  options: CallOptions = {},
): Promise<void> => {
  const { namespace, name, deleteOptions } = pod;
  const body = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { namespace, name },
    ...(deleteOptions === undefined ? {} : { deleteOptions }),
  };
  await client.createSubresource(kinds.pods, { namespace, name, subresource: "eviction" }, { ...options, body });
};
