import { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import type { TokenReview, TokenReviewPort } from "../ports.ts";
import { createAuthenticator } from "./authenticator.ts";
import type { Authenticator, AuthenticatorOptions } from "./authenticator.ts";

const BOB: TokenReview = { authenticated: true, user: { username: "bob", uid: "7", groups: ["dev"] } };
const never = new AbortController().signal;

const requestWith = (headers: IncomingHttpHeaders): IncomingMessage => {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return request;
};

const who = (authenticator: Authenticator, token: string, signal: AbortSignal = never): ReturnType<Authenticator["authenticate"]> =>
  authenticator.authenticate(requestWith({ authorization: `Bearer ${token}` }), { signal });

/** A reviewer that answers when the test says so. */
const createReviewer = (answer: (token: string) => Promise<TokenReview>): TokenReviewPort & { readonly asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    reviewToken: (token) => {
      asked.push(token);
      return answer(token);
    },
  };
};

const createSubject = (answer: (token: string) => Promise<TokenReview>, options: Partial<AuthenticatorOptions> = {}) => {
  const clock = createFakeClock();
  const reviewer = createReviewer(answer);
  return { clock, reviewer, authenticator: createAuthenticator({ tokenReviews: reviewer, clock, ...options }) };
};

describe("bearer tokens", () => {
  it("give the reviewed user, who is in system:authenticated", async () => {
    const { authenticator } = createSubject(() => Promise.resolve(BOB));
    expect(await who(authenticator, "t1")).toEqual({ username: "bob", uid: "7", groups: ["dev", "system:authenticated"] });
  });

  it("are asked about once in two minutes, and again after them", async () => {
    const { authenticator, reviewer, clock } = createSubject(() => Promise.resolve(BOB));
    for (const elapsedMs of [0, 60_000, 59_999]) {
      await clock.advance(elapsedMs);
      await who(authenticator, "t1");
    }
    expect(reviewer.asked).toEqual(["t1"]);
    await clock.advance(1);
    await who(authenticator, "t1");
    expect(reviewer.asked).toEqual(["t1", "t1"]);
  });

  it("are measured by whether they were known, and while somebody waits for an answer", async () => {
    const metrics = createRecordingMetrics();
    const review = Promise.withResolvers<TokenReview>();
    const { authenticator } = createSubject(() => review.promise, { metrics });
    const answers = [who(authenticator, "t1"), who(authenticator, "t1")];
    await Promise.resolve();
    const value = (name: string, status: string): number => metrics.value(`authentication_token_cache_${name}`, { status });
    expect([value("active_fetch_count", "blocked"), value("active_fetch_count", "in_flight")]).toEqual([2, 1]);
    review.resolve(BOB);
    await Promise.all(answers);
    await who(authenticator, "t1");
    expect([value("active_fetch_count", "blocked"), value("active_fetch_count", "in_flight")]).toEqual([0, 0]);
    expect([value("request_total", "miss"), value("request_total", "hit"), value("fetch_total", "ok")]).toEqual([2, 1, 1]);
    expect(metrics.observations("authentication_token_cache_request_duration_seconds", { status: "hit" })).toEqual([0]);
  });

  it("that are refused with a reason are asked about each time, those without for ten seconds not again", async () => {
    const { authenticator, reviewer, clock } = createSubject((token) =>
      Promise.resolve(token === "why" ? { authenticated: false, error: "expired" } : { authenticated: false }),
    );
    for (const token of ["why", "why", "no", "no"]) expect(await who(authenticator, token)).toBeUndefined();
    expect(reviewer.asked).toEqual(["why", "why", "no"]);
    await clock.advance(10_000);
    await who(authenticator, "no");
    expect(reviewer.asked).toHaveLength(4);
  });

  it("that come at the same time are asked about once, and one asker's leaving does not hurt the others", async () => {
    const pending = Promise.withResolvers<TokenReview>();
    const { authenticator, reviewer } = createSubject(() => pending.promise);
    const leaving = new AbortController();
    const first = who(authenticator, "t1", leaving.signal);
    const others = Array.from({ length: 50 }, () => who(authenticator, "t1"));
    leaving.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    pending.resolve(BOB);
    expect((await Promise.all(others)).map((user) => user?.username)).toEqual(others.map(() => "bob"));
    expect(reviewer.asked).toEqual(["t1"]);
  });

  it("are refused when the reviewer fails, and asked about again at the next request", async () => {
    let isDown = true;
    const { authenticator } = createSubject(() => (isDown ? Promise.reject(new Error("connection refused")) : Promise.resolve(BOB)));
    expect(await who(authenticator, "t1")).toBeUndefined();
    isDown = false;
    expect(await who(authenticator, "t1")).toMatchObject({ username: "bob" });
  });

  it("are refused when the reviewer takes longer than ten seconds", async () => {
    const { authenticator, clock } = createSubject(() => new Promise(() => undefined));
    const answer = who(authenticator, "t1");
    await clock.advance(9999);
    expect(await Promise.race([answer, Promise.resolve("waiting")])).toBe("waiting");
    await clock.advance(1);
    expect(await answer).toBeUndefined();
    expect(clock.pendingCount).toBe(0);
  });

  it("are asked about by so many at a time, and what waits is bounded", async () => {
    const pending = Promise.withResolvers<TokenReview>();
    const { authenticator, reviewer } = createSubject(() => pending.promise, { maxConcurrentReviews: 2, maxWaitingReviews: 3 });
    const answers = Array.from({ length: 10 }, (_, index) => who(authenticator, `t${index}`));
    await Promise.resolve();
    expect(reviewer.asked).toEqual(["t0", "t1"]);
    pending.resolve(BOB);
    expect((await Promise.all(answers)).filter((user) => user !== undefined)).toHaveLength(5);
  });

  it("are remembered up to a number, the one used longest ago forgotten first", async () => {
    const { authenticator, reviewer } = createSubject(() => Promise.resolve(BOB), { cacheCapacity: 2 });
    for (const token of ["t1", "t2", "t1", "t3", "t1", "t2"]) await who(authenticator, token);
    expect(reviewer.asked).toEqual(["t1", "t2", "t3", "t2"]);
  });

  it("are never in a log or a metric", async () => {
    const logger = createRecordingLogger();
    const metrics = createRecordingMetrics();
    const { authenticator } = createSubject(
      (token) =>
        token === "s3cret-a"
          ? Promise.reject(Object.assign(new Error("gone"), { status: 503 }))
          : Promise.resolve({ authenticated: false }),
      { logger, metrics },
    );
    await who(authenticator, "s3cret-a");
    await who(authenticator, "s3cret-b");
    expect(JSON.stringify(logger.entries)).not.toContain("s3cret");
    expect(logger.entries.map(({ message }) => message)).toEqual(["bearer token could not be reviewed", "bearer token was not accepted"]);
    expect(metrics.value("apiserver_delegated_authn_request_total", { code: "503" })).toBe(1);
    expect(metrics.value("apiserver_delegated_authn_request_total", { code: "201" })).toBe(1);
  });

  it.each([
    ["Bearer t1", "bob"],
    ["bearer t1 and more", "bob"],
    ["  BEARER t1", "bob"],
    ["Bearer  t1", undefined],
    ["Bearer", undefined],
    ["Basic t1", undefined],
    ["", undefined],
  ])("in %j are %s's", async (authorization, username) => {
    const { authenticator } = createSubject(() => Promise.resolve(BOB));
    expect((await authenticator.authenticate(requestWith({ authorization }), { signal: never }))?.username).toBe(username);
  });

  it("of a user without a name are refused", async () => {
    const { authenticator } = createSubject(() => Promise.resolve({ authenticated: true, user: { username: "", groups: [] } }));
    expect(await who(authenticator, "t1")).toBeUndefined();
  });
});

describe("anonymous requests", () => {
  const anonymous = { username: "system:anonymous", groups: ["system:unauthenticated"] };

  it("are let in where the configuration says so, but not with credentials that do not count", async () => {
    const { authenticator } = createSubject(() => Promise.resolve({ authenticated: false, error: "no" }), { anonymous: true });
    expect(await authenticator.authenticate(requestWith({}), { signal: never })).toEqual(anonymous);
    expect(await authenticator.authenticate(requestWith({ authorization: "Basic x" }), { signal: never })).toEqual(anonymous);
    expect(await who(authenticator, "bad")).toBeUndefined();
  });

  it("are not let in by default", async () => {
    const { authenticator } = createSubject(() => Promise.resolve(BOB));
    expect(await authenticator.authenticate(requestWith({}), { signal: never })).toBeUndefined();
  });
});
