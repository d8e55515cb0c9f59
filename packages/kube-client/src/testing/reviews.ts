import type {
  AuthenticationTokenRequest,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  TokenReview,
  TokenReviewSpec,
  TokenReviewStatus,
} from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { ApiStatusError } from "./api-error.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Route } from "./routes.ts";

/** What a test decides about reviews. */
export interface ReviewOptions {
  /** Default: every token is authenticated as user "token". */
  readonly reviewToken?: ((spec: TokenReviewSpec) => TokenReviewStatus) | undefined;
  /** Default: everything is allowed. */
  readonly reviewAccess?: ((spec: SubjectAccessReviewSpec) => SubjectAccessReviewStatus) | undefined;
}

const DEFAULT_EXPIRATION_SECONDS = 3_600;

/** Answers what is no object of the store: reviews by path, and POSTs to subresources; undefined when it is neither. */
export const answerReview = (path: string, body: unknown, options: ReviewOptions): object | undefined => {
  if (path === "/apis/authentication.k8s.io/v1/tokenreviews") {
    const review = body as TokenReview;
    return { ...review, status: options.reviewToken?.(review.spec) ?? { authenticated: true, user: { username: "token" } } };
  }
  if (path === "/apis/authorization.k8s.io/v1/subjectaccessreviews") {
    const review = body as SubjectAccessReview;
    return { ...review, status: options.reviewAccess?.(review.spec) ?? { allowed: true } };
  }
  return undefined;
};

/** POST to `serviceaccounts/NAME/token` or `pods/NAME/eviction`. */
export const answerSubresource = (
  route: Route,
  body: unknown,
  world: { readonly store: ObjectStore; readonly clock: Clock; readonly evict: () => void },
): object => {
  const { kind, namespace, name = "", subresource } = route;
  if (world.store.get(kind, { namespace, name }) === undefined) {
    throw new ApiStatusError(404, "NotFound", { message: `${kind.resource} "${name}" not found` });
  }
  if (subresource === "eviction") {
    world.evict();
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  }
  if (subresource !== "token") {
    throw new ApiStatusError(404, "NotFound", { message: "the server could not find the requested resource" });
  }
  const request = body as AuthenticationTokenRequest;
  const seconds = request.spec?.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS;
  const expirationTimestamp = formatTimestamp(world.clock.nowMs() + seconds * 1_000);
  return { ...request, status: { token: `token-of.${namespace ?? ""}.${name}.${world.store.tick()}`, expirationTimestamp } };
};
