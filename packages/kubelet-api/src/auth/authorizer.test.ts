import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import type { AccessReviewPort, NodeAccess, UserInfo } from "../ports.ts";
import { createWebhookAuthorizer } from "./authorizer.ts";
import type { WebhookAuthorizerOptions } from "./authorizer.ts";

const bob: UserInfo = { username: "bob", groups: ["dev"] };
const never = new AbortController().signal;
type Answer = Awaited<ReturnType<AccessReviewPort["reviewAccess"]>>;

const createSubject = (answer: (access: NodeAccess) => Answer | Promise<Answer>, options: Partial<WebhookAuthorizerOptions> = {}) => {
  const clock = createFakeClock();
  const asked: NodeAccess[] = [];
  const authorizer = createWebhookAuthorizer({
    nodeName: "node-1",
    clock,
    accessReviews: {
      reviewAccess: async (access) => {
        asked.push(access);
        return answer(access);
      },
    },
    ...options,
  });
  const may = (user: UserInfo = bob, method: string = "GET", subresources: readonly string[] = ["pods", "proxy"]): Promise<void> =>
    authorizer.authorize({ user, method, subresources }, { signal: never });
  return { clock, asked, may };
};

describe("the webhook authorizer", () => {
  it("asks for the subresources in order until one is allowed", async () => {
    const { asked, may } = createSubject(({ subresource }) => ({ allowed: subresource === "proxy" }));
    await may();
    expect(asked).toEqual([
      { user: bob, verb: "get", subresource: "pods", nodeName: "node-1" },
      { user: bob, verb: "get", subresource: "proxy", nodeName: "node-1" },
    ]);
    await may(bob, "GET", ["proxy", "pods"]);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["GET", "get"],
    ["POST", "create"],
    ["PUT", "update"],
    ["PATCH", "patch"],
    ["DELETE", "delete"],
    ["HEAD", ""],
    ["OPTIONS", ""],
  ])("calls %s %j, in the refusal too", async (method, verb) => {
    const { may } = createSubject(() => ({ allowed: false }));
    await expect(may(bob, method)).rejects.toMatchObject({
      status: 403,
      message: `Forbidden (user=bob, verb=${verb}, resource=nodes, subresource(s)=[pods proxy])\n`,
    });
  });

  it("takes a denial over a permission", async () => {
    const { may } = createSubject(() => ({ allowed: true, denied: true }));
    await expect(may()).rejects.toMatchObject({ status: 403 });
  });

  it("remembers a permission for five minutes and a refusal for half a minute", async () => {
    let isAllowed = true;
    const { clock, asked, may } = createSubject(() => ({ allowed: isAllowed }));
    await may();
    isAllowed = false;
    await clock.advance(299_999);
    await may();
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await expect(may()).rejects.toThrow("Forbidden");
    isAllowed = true;
    await clock.advance(29_999);
    await expect(may()).rejects.toThrow("Forbidden");
    await clock.advance(1);
    await may();
  });

  it("tells users apart by everything that is known of them", async () => {
    const { asked, may } = createSubject(() => ({ allowed: true }));
    await may();
    await may({ ...bob, groups: ["dev", "ops"] });
    await may({ ...bob, uid: "8" });
    await may({ ...bob, extra: { scopes: ["few"] } });
    await may({ ...bob }, "POST");
    expect(asked).toHaveLength(5);
  });

  it("does not keep what is said of a user with an endless name", async () => {
    const { asked, may } = createSubject(() => ({ allowed: true }));
    const long = { ...bob, username: "b".repeat(10_001) };
    await may(long);
    await may(long);
    expect(asked).toHaveLength(2);
  });

  it("fails with 500 when there is no answer, and keeps no such thing", async () => {
    let isDown = true;
    const metrics = createRecordingMetrics();
    const { may } = createSubject(() => (isDown ? Promise.reject(new Error("refused")) : { allowed: true }), { metrics });
    await expect(may()).rejects.toMatchObject({
      status: 500,
      message: "Authorization error (user=bob, verb=get, resource=nodes, subresource=pods)",
    });
    isDown = false;
    await may();
    expect(metrics.value("apiserver_delegated_authz_request_total", { code: "<error>" })).toBe(1);
    expect(metrics.value("apiserver_delegated_authz_request_total", { code: "201" })).toBe(1);
  });

  it("fails with 500 after ten seconds without an answer, for all who wait for the same", async () => {
    const { clock, asked, may } = createSubject(() => new Promise(() => undefined));
    const waiting = [may(), may(), may()].map((one) => expect(one).rejects.toMatchObject({ status: 500 }));
    await clock.advance(10_000);
    await Promise.all(waiting);
    expect(asked).toHaveLength(1);
    expect(clock.pendingCount).toBe(0);
  });
});
