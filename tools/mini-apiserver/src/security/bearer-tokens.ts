import { timingSafeEqual, createHash } from "node:crypto";
import type { UserInfo } from "../contracts.ts";

/** What a token proves: a user for these audiences, or why it does not. */
export type TokenVerdict = { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly error: string };

/** Tells whose token it is. */
export interface TokenAuthenticator {
  /** `audiences`: any of which the token must be for. Undefined: not a token of this kind. Never throws for a bad token. */
  authenticateToken(token: string, audiences: readonly string[]): TokenVerdict | undefined;
}

/** A token that never changes and who holds it. */
export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Tokens that are known beforehand: an administrator's, bootstrap tokens. They are good for every audience. */
export const createStaticTokens = (tokens: readonly StaticToken[]): TokenAuthenticator => {
  const known = tokens.map(({ token, user }) => ({ hash: digest(token), user }));
  return {
    authenticateToken: (token, audiences) => {
      const hash = digest(token);
      // By hash and in constant time, so that nothing is learnt from how long it takes.
      const match = known.find((entry) => timingSafeEqual(entry.hash, hash));
      return match === undefined ? undefined : { user: match.user, audiences };
    },
  };
};

/** Asks each in turn; the first that knows the kind of token decides. */
export const joinTokenAuthenticators = (...authenticators: readonly TokenAuthenticator[]): TokenAuthenticator => ({
  authenticateToken: (token, audiences) => {
    for (const authenticator of authenticators) {
      const verdict = authenticator.authenticateToken(token, audiences);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  },
});
