import type { Authorizer } from "../contracts.ts";
import { GROUP } from "./users.ts";

/** Members of system:masters may do everything, whatever the roles say. */
export const mastersAuthorizer: Authorizer = {
  authorize: (user) => Promise.resolve({ allowed: user.groups.includes(GROUP.masters), reason: "" }),
};

/** Allowed when one of them allows it; the reasons of all who denied are given together. */
export const joinAuthorizers = (...authorizers: readonly Authorizer[]): Authorizer => ({
  async authorize(user, attributes) {
    const reasons: string[] = [];
    for (const authorizer of authorizers) {
      // oxlint-disable-next-line no-await-in-loop -- the first that allows it decides
      const decision = await authorizer.authorize(user, attributes);
      if (decision.allowed) return decision;
      if (decision.reason !== "") reasons.push(decision.reason);
    }
    return { allowed: false, reason: reasons.join("\n") };
  },
});
