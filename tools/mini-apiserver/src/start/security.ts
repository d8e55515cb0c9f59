import type { Clock } from "@nk/stdx";
import type { Authenticator, Authorizer, Store, VirtualResource } from "../contracts.ts";
import { createAccessReviews, createRulesReviews } from "../security/access-reviews.ts";
import { createAuthenticator } from "../security/authenticator.ts";
import { joinAuthorizers, mastersAuthorizer } from "../security/authorizer.ts";
import { createStaticTokens, joinTokenAuthenticators } from "../security/bearer-tokens.ts";
import type { StaticToken } from "../security/bearer-tokens.ts";
import { createClientCertificateAuthenticator } from "../security/client-certificates.ts";
import { createNodeAuthorizer } from "../security/node-authorizer.ts";
import type { Pki } from "../security/pki.ts";
import { createRbac } from "../security/rbac.ts";
import { createServiceAccountTokens } from "../security/service-account-tokens.ts";
import { createTokenReviews, selfSubjectReviews } from "../security/token-review.ts";
import { createTokenSigner } from "../security/token-signer.ts";
import type { TokenSigner } from "../security/token-signer.ts";

/** As kubeadm's clusters call themselves; also the audience of tokens for this server. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** Who asks, what they may, and what they may ask about that. */
export interface Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly signer: TokenSigner;
  readonly audiences: readonly string[];
  readonly reviews: readonly VirtualResource[];
}

/** What {@link composeSecurity} takes. */
export interface SecurityOptions {
  readonly store: Store;
  readonly pki: Pki;
  readonly clock: Clock;
  readonly staticTokens: readonly StaticToken[];
}

/** Certificates and tokens of the one authority; masters, nodes and roles. */
export const composeSecurity = ({ store, pki, clock, staticTokens }: SecurityOptions): Security => {
  const audiences = [ISSUER];
  const signer = createTokenSigner({ keyPair: pki.tokenKey, issuer: ISSUER });
  const tokens = joinTokenAuthenticators(createStaticTokens(staticTokens), createServiceAccountTokens({ signer, store, clock }));
  const rbac = createRbac(store);
  const authorizer = joinAuthorizers(mastersAuthorizer, createNodeAuthorizer(store), rbac);
  return {
    authenticator: createAuthenticator({ certificates: createClientCertificateAuthenticator({ clock }), tokens, audiences }),
    authorizer,
    signer,
    audiences,
    reviews: [createTokenReviews({ tokens, audiences }), selfSubjectReviews, ...createAccessReviews(authorizer), createRulesReviews(rbac)],
  };
};
