import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { CSI_ERROR_CODES, CsiError } from "./errors.ts";
import { CSI_METHODS } from "./gen/csi/v1/methods.ts";
import { createCsiMetrics } from "./metrics.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

/** Rows of a section's first table, cell by cell. */
const tableOf = (heading: string): readonly (readonly string[])[] => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `.*$/gmu)].map(([row]) =>
    row
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""))
      .slice(1, -1),
  );
};

test("the README lists every error code with its outcome", () => {
  const listed = tableOf("Errors").map(([code, , outcome]) => `${code ?? ""} ${outcome ?? ""}`);
  const known = CSI_ERROR_CODES.map((code) => `${code} ${new CsiError({ code, message: "x" }).outcome}`);
  expect(listed.toSorted()).toEqual(known.toSorted());
});

test("the README lists every metric", () => {
  const metrics = createRecordingMetrics();
  createCsiMetrics(metrics);
  expect(tableOf("Metrics").map(([name]) => name)).toEqual([...metrics.declared.keys()]);
});

test("the README counts the RPCs", () => {
  expect(readme).toContain(`The ${String(Object.keys(CSI_METHODS).length)} RPCs`);
});
