import { describe, expect, it } from "vitest";
import { normaliseJson, normaliseText } from "./normalise.ts";
import type { Normaliser } from "./normalise.ts";

const nothing: Normaliser = { words: [], rules: [] };
const digest = "a".repeat(64);

describe("normaliseText", () => {
  it.each([
    ["times", "at 2026-11-21T10:00:39Z and 2026-11-21T10:00:39.123456789+01:00", "at <time> and <time>"],
    ["digests", `docker.io/x@sha256:${digest}`, "docker.io/x@sha256:<digest>"],
    ["termination message files", "/pods/<uid>/containers/main/0a1b2c3d", "/pods/<uid>/containers/main/<8 hex>"],
    ["token volumes", "kube-api-access-x7k2p", "kube-api-access-<rand>"],
  ])("hides %s", (_what, text, normal) => {
    expect(normaliseText(text, nothing)).toBe(normal);
  });

  it("leaves what only looks like it", () => {
    expect(normaliseText("/pods/containers/main/0a1b2c3d4 and kube-api-access-longer", nothing)).toBe(
      "/pods/containers/main/0a1b2c3d4 and kube-api-access-longer",
    );
  });

  it("replaces the words of the run in their order, then applies the rules", () => {
    const normaliser: Normaliser = {
      words: [
        ["10.1.2.30", "<podIP>"],
        ["10.1.2.3", "<nodeIP>"],
      ],
      rules: [[/capacity: \d+/gu, "capacity: <n>"]],
    };
    expect(normaliseText("10.1.2.30 on 10.1.2.3, capacity: 4000", normaliser)).toBe("<podIP> on <nodeIP>, capacity: <n>");
  });
});

describe("normaliseJson", () => {
  it("sorts variables and resolver options, and keeps the order of mounts", () => {
    const value = { envs: [{ key: "B" }, { key: "A" }], options: ["ndots:2", "edns0"], mounts: ["b", "a"] };
    expect(normaliseJson(value, nothing)).toEqual({
      envs: [{ key: "A" }, { key: "B" }],
      options: ["edns0", "ndots:2"],
      mounts: ["b", "a"],
    });
  });

  it("drops page sizes without a limit, which only tell what the machine has", () => {
    expect(normaliseJson({ hugepage_limits: [{ page_size: "2MB" }] }, nothing)).toEqual({});
    const limited = { hugepage_limits: [{ page_size: "2MB", limit: "4096" }, { page_size: "1GB" }] };
    expect(normaliseJson(limited, nothing)).toEqual({ hugepage_limits: [{ page_size: "2MB", limit: "4096" }] });
  });

  it("drops null, and hides names in keys too", () => {
    const value = JSON.parse('{"lastProbeTime":null,"abc-uid":{"x":"abc-uid"}}') as { readonly [key: string]: string };
    expect(normaliseJson(value, { words: [["abc-uid", "<uid>"]], rules: [] })).toEqual({ "<uid>": { x: "<uid>" } });
  });
});
