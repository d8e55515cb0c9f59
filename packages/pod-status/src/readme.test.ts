import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { expect, it } from "vitest";
import { createPodStartMetrics, createStatusWriterMetrics } from "./index.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

it("lists every metric in the README", () => {
  const recorded = createRecordingMetrics();
  createStatusWriterMetrics(recorded);
  createPodStartMetrics(recorded);
  const section = readme.split("\n## Metrics\n")[1]?.split("\n## ")[0] ?? "";
  const listed = [...section.matchAll(/^\| `([^`]+)`/gmu)].map(([, name]) => name);
  expect(new Set(listed)).toEqual(new Set(recorded.declared.keys()));
});
