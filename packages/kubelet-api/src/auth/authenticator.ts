import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { noopLogger, noopMetrics, systemClock } from "@nk/stdx";
import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import type { TokenReview, TokenReviewPort, UserInfo } from "../ports.ts";
import { readBearerToken } from "./bearer-token.ts";
import { readClientCertificate } from "./client-certificate.ts";
import { createAuthnMetrics, createCertificateMetrics, createTokenCacheMetrics } from "./metrics.ts";
import { createReviewCache } from "./review-cache.ts";
import type { ReviewLimits } from "./review-cache.ts";

/** Says who sends a request. */
export interface Authenticator {
  /** Undefined: 401. Does not reject but with the signal's reason; a reviewer that does not answer means 401, as in the reference. */
  authenticate(request: IncomingMessage, options: { readonly signal: AbortSignal }): Promise<UserInfo | undefined>;
}

/** Options of {@link createAuthenticator}. */
export interface AuthenticatorOptions extends ReviewLimits {
  /** Whether client certificates count; the server's `clientCa` says which. Default false. */
  readonly x509?: boolean;
  /** Absent: bearer tokens do not count. */
  readonly tokenReviews?: TokenReviewPort;
  /** How long an accepted token is taken on trust. Default 2 min (authentication.webhook.cacheTTL). */
  readonly tokenTtlMs?: number;
  /** How long a token stays refused that the reviewer refused without a reason. Default 10 s (reference: `cacheTTL`). */
  readonly refusedTokenTtlMs?: number;
  /** Whether a request without credentials is system:anonymous. Default false. */
  readonly anonymous?: boolean;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

type Verdict = { readonly kind: "none" } | { readonly kind: "refused" } | { readonly kind: "user"; readonly user: UserInfo };

const NONE: Verdict = { kind: "none" };
const REFUSED: Verdict = { kind: "refused" };
const ANONYMOUS: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** As the reference's group adder: every user with credentials is in system:authenticated. */
const withAuthenticatedGroup = (user: UserInfo): UserInfo => {
  if (user.username === ANONYMOUS.username) return user;
  if (user.groups.includes("system:authenticated") || user.groups.includes("system:unauthenticated")) return user;
  return { ...user, groups: [...user.groups, "system:authenticated"] };
};

/** Asks about tokens. They are known by a keyed hash only, so that a memory dump or a chosen token tells nothing. */
const createTokenVerifier = (
  port: TokenReviewPort,
  options: AuthenticatorOptions,
): ((token: string, signal: AbortSignal) => Promise<Verdict>) => {
  const { clock = systemClock, logger = noopLogger, tokenTtlMs = 120_000, refusedTokenTtlMs = 10_000 } = options;
  const secret = randomBytes(32);
  const review = createReviewCache<TokenReview>({
    ...options,
    ...createAuthnMetrics(options.metrics ?? noopMetrics),
    cacheMetrics: createTokenCacheMetrics(options.metrics ?? noopMetrics),
    clock,
    what: "the token review",
    ttlMsOf: ({ authenticated, error }) => {
      if (authenticated) return tokenTtlMs;
      return error === undefined || error === "" ? refusedTokenTtlMs : 0;
    },
  });
  return async (token, signal) => {
    const key = createHmac("sha256", secret).update(token).digest("base64");
    try {
      const answer = await review({ key, isCacheable: true, ask: (asking) => port.reviewToken(token, asking) }, { signal });
      const { user } = answer;
      if (answer.authenticated && user !== undefined && user.username !== "") return { kind: "user", user };
      logger.debug("bearer token was not accepted");
      return REFUSED;
    } catch (error) {
      signal.throwIfAborted();
      logger.warn("bearer token could not be reviewed", { error });
      return REFUSED;
    }
  };
};

/**
 * Client certificates first, then bearer tokens, then nobody: whoever shows credentials that do not count is refused, never anonymous
 * (k8s.io/apiserver, DelegatingAuthenticatorConfig).
 */
export const createAuthenticator = (options: AuthenticatorOptions): Authenticator => {
  const { x509 = false, anonymous = false, clock = systemClock, logger = noopLogger, tokenReviews } = options;
  const expiration = createCertificateMetrics(options.metrics ?? noopMetrics);
  const verifyToken = tokenReviews === undefined ? undefined : createTokenVerifier(tokenReviews, options);

  const byCertificate = (request: IncomingMessage): Verdict => {
    if (!x509) return NONE;
    const result = readClientCertificate(request.socket, { nowMs: clock.nowMs(), expiration });
    if (result.kind === "refused") logger.debug("client certificate was not accepted", { reason: result.reason });
    return result;
  };
  const byToken = async (request: IncomingMessage, signal: AbortSignal): Promise<Verdict> => {
    if (verifyToken === undefined) return NONE;
    const bearer = readBearerToken(request);
    if (bearer.kind === "token") return verifyToken(bearer.token, signal);
    return bearer.kind === "malformed" ? REFUSED : NONE;
  };
  return {
    authenticate: async (request, { signal }) => {
      const certificate = byCertificate(request);
      if (certificate.kind === "user") return withAuthenticatedGroup(certificate.user);
      const token = await byToken(request, signal);
      if (token.kind === "user") return withAuthenticatedGroup(token.user);
      return anonymous && certificate.kind === "none" && token.kind === "none" ? ANONYMOUS : undefined;
    },
  };
};
