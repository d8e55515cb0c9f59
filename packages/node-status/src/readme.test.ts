import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { NODE_STATUS_ERROR_CODES } from "./errors.ts";
import { createNodeStatusMetrics } from "./metrics.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
/** First cells of a section's table. */
const tableOf = (heading: string): readonly (string | undefined)[] => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gmu)].map(([, cell]) => cell);
};

describe("the README", () => {
  it("lists every error code", () => expect(tableOf("Errors")).toEqual([...NODE_STATUS_ERROR_CODES]));

  it("lists every metric", () => {
    const metrics = createRecordingMetrics();
    createNodeStatusMetrics(metrics, { nodeName: "n", kubeletStartMs: 0 });
    expect(new Set(tableOf("Metrics"))).toEqual(new Set(metrics.declared.keys()));
  });
});
