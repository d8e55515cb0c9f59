import type { AccessReviewPort, NodeAccess, TokenReviewPort, UserInfo } from "../ports.ts";

/** An API server's reviews, from tables. */
export interface FakeReviews {
  readonly tokenReviews: TokenReviewPort;
  readonly accessReviews: AccessReviewPort;
  /** Every question that was asked, in order. */
  readonly asked: readonly (string | NodeAccess)[];
}

/** What {@link createFakeReviews} takes. */
export interface FakeReviewsOptions {
  readonly users: { readonly [token: string]: UserInfo };
  readonly mayAccess: (access: NodeAccess) => boolean;
}

/** Answers reviews as an API server would that knows these users and rights; an unknown token is refused with a reason. */
export const createFakeReviews = ({ users, mayAccess }: FakeReviewsOptions): FakeReviews => {
  const asked: (string | NodeAccess)[] = [];
  return {
    asked,
    tokenReviews: {
      reviewToken: (token) => {
        asked.push(token);
        const user = users[token];
        return Promise.resolve(
          user === undefined ? { authenticated: false, error: "invalid bearer token" } : { authenticated: true, user },
        );
      },
    },
    accessReviews: {
      reviewAccess: (access) => {
        asked.push(access);
        return Promise.resolve({ allowed: mayAccess(access) });
      },
    },
  };
};
