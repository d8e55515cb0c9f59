import { readFileSync } from "node:fs";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createAuthnMetrics, createAuthzMetrics, createCertificateMetrics, createTokenCacheMetrics } from "./auth/metrics.ts";
import { KUBELET_API_ERROR_CODES } from "./errors.ts";
import { createAccessMetrics } from "./http/access-metrics.ts";
import { createHealthMetrics } from "./routes/health-metrics.ts";
import { createWebSocketCounter } from "./streaming/websocket-metrics.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const section = (heading: string): string => readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";

describe("the README", () => {
  it("lists every error code", () => {
    expect([...section("Errors").matchAll(/^\| `([^`]+)`/gmu)].map(([, code]) => code)).toEqual([...KUBELET_API_ERROR_CODES]);
  });

  it("lists every metric", () => {
    const metrics = createRecordingMetrics();
    createAuthnMetrics(metrics);
    createAuthzMetrics(metrics);
    createCertificateMetrics(metrics);
    createTokenCacheMetrics(metrics);
    createWebSocketCounter(metrics);
    createHealthMetrics(metrics);
    createAccessMetrics(metrics, { serverType: "readwrite", buckets: new Set(), monotonicMs: () => 0 });
    expect(new Set([...section("Metrics").matchAll(/`([a-z]+_[a-z_]+)`/gu)].map(([, name]) => name))).toEqual(
      new Set(metrics.declared.keys()),
    );
  });
});
