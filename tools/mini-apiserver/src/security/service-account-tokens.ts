import { parseTimestamp } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import type { ApiObject, Store, StoredKind, UserInfo } from "../contracts.ts";
import { KIND } from "../stored-kinds.ts";
import type { TokenAuthenticator } from "./bearer-tokens.ts";
import type { ObjectClaim, TokenClaims, TokenSigner } from "./token-signer.ts";
import { serviceAccountGroups, serviceAccountUsername } from "./users.ts";

/** How far clocks may differ, and how long a token outlives what it is bound to (go-jose's DefaultLeeway). */
const LEEWAY_MS = 60_000;

/** What {@link createServiceAccountTokens} takes. */
export interface ServiceAccountTokensOptions {
  readonly signer: TokenSigner;
  readonly store: Store;
  readonly clock: Clock;
}

const wasDeleted = (object: ApiObject, nowMs: number): boolean => {
  const stamp = object.metadata?.deletionTimestamp;
  return stamp !== undefined && parseTimestamp(stamp) < nowMs - LEEWAY_MS;
};

/** Why the claims no longer hold for what is in the store; undefined when they do (pkg/serviceaccount/claims.go, Validate). */
const findFault = (claims: TokenClaims, { store, clock }: ServiceAccountTokensOptions): string | undefined => {
  const nowMs = clock.nowMs();
  const { namespace, serviceaccount, pod, node, secret } = claims["kubernetes.io"];
  if (nowMs > claims.exp * 1000 + LEEWAY_MS) return "service account token has expired";
  if (nowMs < claims.nbf * 1000 - LEEWAY_MS) return "service account token is not valid yet";
  if (nowMs < claims.iat * 1000 - LEEWAY_MS) return "service account token is issued in the future";
  const account = store.get(KIND.serviceAccounts, { namespace, name: serviceaccount.name });
  if (account === undefined) return `serviceaccounts "${serviceaccount.name}" not found`;
  if (account.metadata?.uid !== serviceaccount.uid) {
    return `service account UID (${account.metadata?.uid ?? ""}) does not match claim (${serviceaccount.uid})`;
  }
  if (wasDeleted(account, nowMs)) return `service account ${namespace}/${serviceaccount.name} has been deleted`;
  const findBoundFault = (
    kind: StoredKind,
    what: string,
    bound: { readonly claim: ObjectClaim; readonly namespace?: string },
  ): string | undefined => {
    const { claim } = bound;
    const object = store.get(kind, { name: claim.name, ...(bound.namespace === undefined ? {} : { namespace: bound.namespace }) });
    if (object === undefined || wasDeleted(object, nowMs)) return "service account token has been invalidated";
    if (object.metadata?.uid === claim.uid) return undefined;
    return `${what} UID (${object.metadata?.uid ?? ""}) does not match service account ${what.toLowerCase()} ref claim (${claim.uid})`;
  };
  if (secret !== undefined) return findBoundFault(KIND.secrets, "secret", { claim: secret, namespace });
  if (pod !== undefined) return findBoundFault(KIND.pods, "pod", { claim: pod, namespace });
  // With a pod, the node is information only: the pod's end is the token's.
  return node === undefined ? undefined : findBoundFault(KIND.nodes, "node", { claim: node });
};

const userOf = (claims: TokenClaims): UserInfo => {
  const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
  const extra: { [key: string]: readonly string[] } = { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] };
  for (const [what, claim] of [
    ["pod", pod],
    ["node", node],
  ] as const) {
    if (claim === undefined) continue;
    extra[`authentication.kubernetes.io/${what}-name`] = [claim.name];
    if (claim.uid !== "") extra[`authentication.kubernetes.io/${what}-uid`] = [claim.uid];
  }
  return {
    username: serviceAccountUsername({ namespace, name: serviceaccount.name }),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra,
  };
};

/** Authenticates tokens of service accounts: signed, in time, for one of the audiences, and of objects that are still the same. */
export const createServiceAccountTokens = (options: ServiceAccountTokensOptions): TokenAuthenticator => ({
  authenticateToken: (token, audiences) => {
    const claims = options.signer.verify(token);
    if (claims === undefined) return undefined;
    const shared = claims.aud.filter((audience) => audiences.includes(audience));
    if (shared.length === 0) {
      return { error: `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(audiences)}` };
    }
    const fault = findFault(claims, options);
    return fault === undefined ? { user: userOf(claims), audiences: shared } : { error: fault };
  },
});
