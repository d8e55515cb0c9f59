import { describe, expect, it } from "vitest";
import type { Route } from "../route.ts";
import { createMux } from "./mux.ts";

const route = (path: string, scope: "exact" | "tree"): Route => ({ path, scope, methods: "any", serve: () => undefined });

const mux = createMux([route("/pods", "tree"), route("/logs/", "tree"), route("/debug/pprof/", "tree"), route("/debug/flags/v", "exact")]);

describe("createMux", () => {
  it.each([
    ["/", "none"],
    ["//", "/"],
    ["/pods//", "/pods/"],
    ["/pods/./a", "/pods/a"],
    ["/pods/a/.", "/pods/a"],
    ["/pods/a/..", "/pods"],
    ["/pods/a/../", "/pods/"],
    ["/../../pods", "/pods"],
    ["//host/../pods?x=1", "/pods?x=1"],
    ["/logs", "/logs/"],
    ["/.pods/..a/...", "none"],
  ])("sends who asks for %s to %s", (target, expected) => {
    const found = mux(target);
    expect(found.kind === "redirect" ? found.location : found.kind).toBe(expected);
  });

  it("finds the longest tree that a path lies in", () => {
    expect(mux("/debug/pprof/heap")).toMatchObject({ kind: "route", rest: ["heap"] });
    expect(mux("/logs/a/b/c%2Fd/")).toMatchObject({ kind: "route", path: "/logs/a/b/c/d/", rest: ["a", "b", "c/d"] });
    expect(mux("/debug%2Fpprof/heap").kind).toBe("none");
    expect(mux("/debug/").kind).toBe("none");
  });

  it.each([
    ["parts", `/none${"/a".repeat(125_000)}`],
    ["parts below a tree", `/pods${"/a".repeat(125_000)}`],
    ["steps back", `/${"a".repeat(125_000)}${"/b/..".repeat(25_000)}`],
  ])("is not held up by a stranger's path with very many %s", (_what, target) => {
    const beganMs = performance.now();
    mux(target);
    expect(performance.now() - beganMs).toBeLessThan(1000);
  });
});
