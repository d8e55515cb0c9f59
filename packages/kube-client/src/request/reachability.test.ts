import { describe, expect, it } from "vitest";
import { KubeClientError } from "../errors.ts";
import type { KubeClientErrorCode } from "../errors.ts";
import { createReachability } from "./reachability.ts";

const openBed = () => {
  const reachability = createReachability();
  let returns = 0;
  const subscription = reachability.subscribe(() => (returns += 1));
  return {
    reachability,
    subscription,
    returns: () => returns,
    fail: (code: KubeClientErrorCode) => reachability.failed(new KubeClientError({ code, message: "no" })),
  };
};

describe("createReachability", () => {
  it.each(["connect-failed", "connection-lost", "timeout"] as const)("tells once of the first answer after %s", (code) => {
    const { reachability, returns, fail } = openBed();
    fail(code);
    fail(code);
    reachability.answered(200);
    reachability.answered(200);
    expect(returns()).toBe(1);
  });

  it("takes no refusal for an absence", () => {
    const { reachability, returns, fail } = openBed();
    fail("forbidden");
    reachability.failed(new Error("of the caller's own"));
    reachability.answered(200);
    expect(returns()).toBe(0);
  });

  it("takes an answer of a server that is only starting for none, and a refusal for one", () => {
    const { reachability, returns, fail } = openBed();
    fail("connect-failed");
    reachability.answered(503);
    expect(returns()).toBe(0);
    reachability.answered(404);
    expect(returns()).toBe(1);
  });

  it("tells nobody who left", () => {
    const { reachability, returns, fail, subscription } = openBed();
    fail("connect-failed");
    subscription[Symbol.dispose]();
    reachability.answered(200);
    expect(returns()).toBe(0);
  });
});
