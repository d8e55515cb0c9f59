import { readFileSync } from "node:fs";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { POD_SYNC_ERROR_CODES } from "./errors.ts";
import { createPodSyncMetrics } from "./metrics.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the README lists every error code and every metric", () => {
  const metrics = createRecordingMetrics();
  createPodSyncMetrics(metrics);
  for (const name of [...POD_SYNC_ERROR_CODES, ...metrics.declared.keys()]) expect(readme).toContain(`\`${name}\``);
  expect(readme.split("\n").length).toBeLessThanOrEqual(151);
});
