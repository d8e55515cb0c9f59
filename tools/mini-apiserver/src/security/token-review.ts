import { badRequest } from "../api-error.ts";
import type { UserInfo, VirtualResource } from "../contracts.ts";
import type { TokenAuthenticator } from "./bearer-tokens.ts";
import { asAuthenticated } from "./users.ts";

/** The user as `authentication.k8s.io/v1 UserInfo`: empty fields are left off. */
export const formatUser = (user: UserInfo): object => ({
  username: user.username,
  ...(user.uid === undefined ? {} : { uid: user.uid }),
  groups: user.groups,
  ...(user.extra === undefined ? {} : { extra: user.extra }),
});

/** `POST tokenreviews`: whose token is it? A kubelet asks this about those who call it. */
export const createTokenReviews = (options: {
  readonly tokens: TokenAuthenticator;
  readonly audiences: readonly string[];
}): VirtualResource => ({
  group: "authentication.k8s.io",
  version: "v1",
  resource: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
  create(_request, body) {
    const { token = "", audiences } = (body["spec"] ?? {}) as { readonly token?: string; readonly audiences?: readonly string[] };
    if (token === "") throw badRequest("token is required for TokenReview in authentication");
    const wanted = audiences === undefined || audiences.length === 0 ? options.audiences : audiences;
    const verdict = options.tokens.authenticateToken(token, wanted);
    const status =
      verdict !== undefined && "user" in verdict
        ? { authenticated: true, user: formatUser(asAuthenticated(verdict.user)), audiences: verdict.audiences }
        : { user: {}, error: verdict === undefined ? "invalid bearer token" : `[invalid bearer token, ${verdict.error}]` };
    return Promise.resolve({ ...body, status });
  },
});

/** `POST selfsubjectreviews`: who am I? */
export const selfSubjectReviews: VirtualResource = {
  group: "authentication.k8s.io",
  version: "v1",
  resource: "selfsubjectreviews",
  kind: "SelfSubjectReview",
  namespaced: false,
  create: (request, body) => Promise.resolve({ ...body, status: { userInfo: formatUser(request.user) } }),
};
