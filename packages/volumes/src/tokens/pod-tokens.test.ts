import { createFakeClock, createRecordingLogger } from "@nk/stdx/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { TokenRequest } from "../ports.ts";
import { createPodTokens } from "./pod-tokens.ts";
import type { PodTokens, PodTokensOptions } from "./pod-tokens.ts";

let clock = createFakeClock();
let requests: TokenRequest[];
let failure: Error | undefined;
let lifeMs = 3_600_000;
let logger = createRecordingLogger();

beforeEach(() => {
  clock = createFakeClock();
  requests = [];
  failure = undefined;
  lifeMs = 3_600_000;
  logger = createRecordingLogger();
});

const createTokens = (options: PodTokensOptions = {}): PodTokens =>
  createPodTokens(
    {
      requestToken: async (request) => {
        requests.push(request);
        if (failure !== undefined) throw failure;
        return { token: `token-${requests.length}`, expirationTimestamp: new Date(clock.nowMs() + lifeMs).toISOString() };
      },
    },
    { clock, random: () => 0.5, logger, ...options },
  );

const request = (uid = "u1", audience?: string): TokenRequest => ({
  namespace: "ns",
  serviceAccount: "default",
  audiences: audience === undefined ? [] : [audience],
  expirationSeconds: 3600,
  pod: { name: "p", uid },
});

describe("tokens", () => {
  it("are asked for once per pod and audience, also by several at a time", async () => {
    const tokens = createTokens();
    const [a, b] = await Promise.all([tokens.get(request(), {}), tokens.get(request(), {})]);
    expect([a.token, b.token]).toEqual(["token-1", "token-1"]);
    await tokens.get(request("u1", "vault"), {});
    await tokens.get(request("u2"), {});
    await tokens.get(request(), {});
    expect(requests).toEqual([request(), request("u1", "vault"), request("u2")]);
  });

  it("are replaced at 80 % of their life, less a jitter of at most ten seconds", async () => {
    const tokens = createTokens();
    const { refreshAtMs } = await tokens.get(request(), {});
    expect(refreshAtMs - clock.nowMs()).toBe(0.8 * 3_600_000 - 5000);
    await clock.advance(refreshAtMs - clock.nowMs() - 1);
    expect((await tokens.get(request(), {})).token).toBe("token-1");
    await clock.advance(1);
    expect((await tokens.get(request(), {})).token).toBe("token-2");
  });

  it("are replaced after a day, however long they live, and not at once when they live for seconds", async () => {
    lifeMs = 365 * 24 * 3_600_000;
    const tokens = createTokens();
    expect((await tokens.get(request(), {})).refreshAtMs - clock.nowMs()).toBe(24 * 3_600_000 - 5000);
    lifeMs = 2000;
    expect((await tokens.get(request("u2"), {})).refreshAtMs - clock.nowMs()).toBe(1000);
  });

  it("are asked for once a minute, and not without end, when this machine's clock is so far ahead that each is over already", async () => {
    lifeMs = -7_200_000;
    expect((await createTokens().get(request(), {})).refreshAtMs - clock.nowMs()).toBe(60_000);
  });

  it("stay in use when they cannot be replaced, are tried again later and later, and end when they expire", async () => {
    const tokens = createTokens();
    const first = await tokens.get(request(), {});
    await clock.advance(first.refreshAtMs - clock.nowMs());
    failure = new Error("connection refused");
    const kept = await tokens.get(request(), {});
    expect(kept.token).toBe("token-1");
    expect(kept.refreshAtMs - clock.nowMs()).toBe(4500);
    expect((await tokens.get(request(), {})).refreshAtMs).toBe(kept.refreshAtMs);
    expect(requests).toHaveLength(2);
    await clock.advance(4500);
    expect((await tokens.get(request(), {})).refreshAtMs - clock.nowMs()).toBe(9000);
    await clock.advance(3_600_000);
    await expect(tokens.get(request(), {})).rejects.toMatchObject({
      code: "token-failed",
      message: 'token "default"/"ns" expired and refresh failed: connection refused',
    });
    expect(JSON.stringify(logger.entries)).not.toContain("token-1");
    failure = undefined;
    expect((await tokens.get(request(), {})).token).toMatch(/^token-\d$/);
  });

  it("that were never had are an error", async () => {
    failure = new Error('serviceaccounts "default" not found');
    await expect(createTokens().get(request(), {})).rejects.toMatchObject({
      code: "token-failed",
      message: 'failed to fetch token: serviceaccounts "default" not found',
    });
  });

  it("of a hanging server end with the time that is allowed", async () => {
    const tokens = createPodTokens({ requestToken: () => new Promise(() => {}) }, { clock, requestTimeoutMs: 500 });
    const hanging = tokens.get(request(), {}).catch((error: unknown) => error);
    await clock.advance(500);
    expect(await hanging).toMatchObject({ code: "token-failed" });
    const aborted = tokens.get(request(), { signal: AbortSignal.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
    await clock.advance(500);
    expect(clock.pendingCount).toBe(0);
  });

  it("are forgotten with their pod, when they are over, and when there are too many", async () => {
    const tokens = createTokens({ maxTokens: 3 });
    for (const uid of ["u1", "u2", "u3", "u4", "u5"]) await tokens.get(request(uid), {});
    expect(tokens.size).toBe(3);
    tokens.forget("u5");
    expect(tokens.size).toBe(2);
    await clock.advance(4_000_000);
    await tokens.get(request("u6"), {});
    expect(tokens.size).toBe(1);
  });
});
