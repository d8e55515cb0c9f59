import { reviewAccess, reviewToken } from "@nk/kube-client";
import type { KubeClient } from "@nk/kube-client";
import type { AccessReviewPort, TokenReviewPort } from "@nk/kubelet-api";

const mutable = (lists: { readonly [key: string]: readonly string[] }): { [key: string]: string[] } =>
  Object.fromEntries(Object.entries(lists).map(([key, values]) => [key, [...values]]));

/** TokenReviews of the API server. */
export const tokenReviews = (client: KubeClient): TokenReviewPort => ({
  reviewToken: async (token, { signal }) => {
    const { authenticated = false, error, user } = await reviewToken(client, { token }, { signal });
    return {
      authenticated,
      ...(error === undefined || error === "" ? {} : { error }),
      ...(user === undefined
        ? {}
        : {
            user: {
              username: user.username ?? "",
              groups: user.groups ?? [],
              ...(user.uid === undefined ? {} : { uid: user.uid }),
              ...(user.extra === undefined ? {} : { extra: user.extra }),
            },
          }),
    };
  },
});

/** SubjectAccessReviews of the API server. */
export const accessReviews = (client: KubeClient): AccessReviewPort => ({
  reviewAccess: async ({ user, verb, subresource, nodeName }, { signal }) => {
    const { allowed, denied } = await reviewAccess(
      client,
      {
        user: user.username,
        groups: [...user.groups],
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: mutable(user.extra) }),
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: nodeName },
      },
      { signal },
    );
    return { allowed, ...(denied === undefined ? {} : { denied }) };
  },
});
