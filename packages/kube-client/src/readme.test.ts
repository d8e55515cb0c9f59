import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { KUBE_CLIENT_ERROR_CODES } from "./errors.ts";
import { createKubeClientMetrics } from "./metrics.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
const sectionOf = (heading: string): string => readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
/** The names in the first cells of a section's table. */
const namesOf = (heading: string): readonly string[] =>
  [...sectionOf(heading).matchAll(/^\|([^|]+)\|/gmu)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/gu)].map(([, name = ""]) => name),
  );

describe("the README", () => {
  it("lists every error code", () => expect(namesOf("Errors")).toEqual([...KUBE_CLIENT_ERROR_CODES]));

  it("lists every metric with its labels", () => {
    const metrics = createRecordingMetrics();
    createKubeClientMetrics(metrics);
    expect(new Set(namesOf("Metrics"))).toEqual(new Set(metrics.declared.keys()));
  });
});

describe("the metrics", () => {
  it("that client-go has as well have its names, labels and buckets, as recorded from the reference", () => {
    const metrics = createRecordingMetrics();
    createKubeClientMetrics(metrics);
    const labelsOf = (name: string): readonly string[] => metrics.declared.get(name)?.labelNames ?? [];
    expect(labelsOf("rest_client_requests_total")).toEqual(["code", "method", "host"]);
    expect(labelsOf("rest_client_request_duration_seconds")).toEqual(["verb", "host"]);
    expect(labelsOf("rest_client_rate_limiter_duration_seconds")).toEqual(["verb", "host"]);
    expect(labelsOf("rest_client_request_size_bytes")).toEqual(["verb", "host"]);
    expect(labelsOf("rest_client_response_size_bytes")).toEqual(["verb", "host"]);
    const bucketsOf = (name: string): unknown =>
      (metrics.declared.get(name) as { readonly buckets?: readonly number[] } | undefined)?.buckets;
    expect(bucketsOf("rest_client_request_duration_seconds")).toEqual([0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]);
    expect(bucketsOf("rest_client_response_size_bytes")).toEqual([
      64, 256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
    ]);
  });
});
