import { createHash } from "node:crypto";
import { noopLogger, noopMetrics, systemClock } from "@nk/stdx";
import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import type { AccessReviewPort, NodeAccess, UserInfo } from "../ports.ts";
import { createAuthzMetrics } from "./metrics.ts";
import { createReviewCache } from "./review-cache.ts";
import type { ReviewLimits } from "./review-cache.ts";

/** What is to be allowed. */
export interface AccessRequest {
  readonly user: UserInfo;
  readonly method: string;
  /** Asked in this order; the first that is allowed suffices. */
  readonly subresources: readonly string[];
}

/** Says whether a user may. */
export interface Authorizer {
  /** @throws KubeletApiError "forbidden"; "internal" when there is no answer; or the signal's reason. */
  authorize(access: AccessRequest, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Options of {@link createWebhookAuthorizer}. */
export interface WebhookAuthorizerOptions extends ReviewLimits {
  readonly nodeName: string;
  readonly accessReviews: AccessReviewPort;
  /** Default 5 min (authorization.webhook.cacheAuthorizedTTL). */
  readonly allowedTtlMs?: number;
  /** Default 30 s (authorization.webhook.cacheUnauthorizedTTL). */
  readonly deniedTtlMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

const VERBS: { readonly [method: string]: NodeAccess["verb"] } = {
  POST: "create",
  GET: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** A longer name is not kept as a key: the user chose it (reference: maxControlledAttrCacheSize). */
const MAX_CACHED_USER_LENGTH = 10_000;

const fieldsOf = ({ user, verb }: NodeAccess): string => `user=${user.username}, verb=${verb}, resource=nodes`;

/** Allows whatever is authenticated (authorization.mode AlwaysAllow). */
export const allowAll: Authorizer = { authorize: () => Promise.resolve() };

/** Asks the API server about every access, and remembers what it said (authorization.mode Webhook). */
export const createWebhookAuthorizer = (options: WebhookAuthorizerOptions): Authorizer => {
  const { nodeName, accessReviews, allowedTtlMs = 300_000, deniedTtlMs = 30_000, clock = systemClock, logger = noopLogger } = options;
  const review = createReviewCache<boolean>({
    ...options,
    ...createAuthzMetrics(options.metrics ?? noopMetrics),
    clock,
    what: "the access review",
    ttlMsOf: (isAllowed) => (isAllowed ? allowedTtlMs : deniedTtlMs),
  });
  const isAllowed = async (access: NodeAccess, signal: AbortSignal): Promise<boolean> => {
    const text = JSON.stringify([access.user, access.verb, access.subresource]);
    const key = createHash("sha256").update(text).digest("base64");
    const ask = async (asking: { readonly signal: AbortSignal }): Promise<boolean> => {
      const { allowed, denied } = await accessReviews.reviewAccess(access, asking);
      return allowed && denied !== true;
    };
    try {
      return await review({ key, isCacheable: text.length <= MAX_CACHED_USER_LENGTH, ask }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      logger.warn("access could not be reviewed", {
        user: access.user.username,
        verb: access.verb,
        subresource: access.subresource,
        error,
      });
      throw new KubeletApiError("internal", `Authorization error (${fieldsOf(access)}, subresource=${access.subresource})`, {
        cause: error,
      });
    }
  };
  return {
    authorize: async ({ user, method, subresources }, { signal }) => {
      const access: NodeAccess = { user, verb: VERBS[method] ?? "", subresource: "", nodeName };
      for (const subresource of subresources) if (await isAllowed({ ...access, subresource }, signal)) return;
      throw new KubeletApiError("forbidden", `Forbidden (${fieldsOf(access)}, subresource(s)=[${subresources.join(" ")}])\n`);
    },
  };
};
