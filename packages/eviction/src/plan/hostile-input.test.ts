import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEvictionError } from "../errors.ts";
import { parseStatements } from "../statements.ts";
import { sketchPod } from "../testing/index.ts";
import { DEFAULT_EVICTION_HARD, parseThresholds } from "../thresholds.ts";
import { computePlan } from "./compute-plan.ts";
import { formatPlan } from "./format-plan.ts";
import { readConfig, readPods, readSummary } from "./read-inputs.ts";

/** fast-check prints the seed of a run that fails; NK_FUZZ_RUNS asks for more of them. */
const numRuns = Number(process.env["NK_FUZZ_RUNS"] ?? 300);

/** The value, or the refusal; any other error fails the test. */
const attempt = <T>(read: () => T): T | "refused" => {
  try {
    return read();
  } catch (error) {
    if (!isEvictionError(error)) throw error;
    expect(error.message.length).toBeLessThan(1000);
    return "refused";
  }
};

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Puts something else in the place that the numbers lead to; each chooses among the children of where the one before it led. */
const replaceAt = (document: Json, turns: readonly number[], value: Json): Json => {
  const [turn, ...rest] = turns;
  if (turn === undefined || document === null || typeof document !== "object") return value;
  const keys = Object.keys(document);
  const key = keys[turn % Math.max(1, keys.length)];
  if (key === undefined) return value;
  if (Array.isArray(document)) return document.map((item: Json, index) => (`${index}` === key ? replaceAt(item, rest, value) : item));
  const fields = document as { readonly [key: string]: Json };
  return { ...fields, [key]: replaceAt(fields[key] ?? null, rest, value) };
};

const damage = fc.record({
  turns: fc.array(fc.nat(30), { minLength: 1, maxLength: 8 }),
  value: fc.oneof(
    fc.jsonValue().map((value) => value as Json),
    fc.constantFrom<Json>(null, -1, 2 ** 64, 1e308, "18446744073709551615", "", "-5%", "1e400Gi", [], {}, [null]),
  ),
});

/** Every second document is whole: of three that are damaged hardly any are planned with, in some runs none at all. */
const maybe = fc.option(damage, { nil: undefined, freq: 2 });
const damaged = (document: Json, change: { readonly turns: readonly number[]; readonly value: Json } | undefined): string =>
  JSON.stringify(change === undefined ? document : replaceAt(document, change.turns, change.value));

const summary = JSON.parse(readFileSync(join(import.meta.dirname, "../../test/fixtures/stats-summary.json"), "utf8")) as Json;
const pods = JSON.parse(
  JSON.stringify([
    sketchPod({
      name: "a",
      uid: "308a961c252dea4f2daf92f80edd0bf6",
      priority: 5,
      requests: { memory: "1Mi", "ephemeral-storage": "1Gi" },
      limits: { "ephemeral-storage": "2Gi" },
      emptyDirs: { v: "1Gi" },
      gracePeriodSeconds: 30,
    }),
    { ...sketchPod({ name: "b" }), status: { phase: "Running" } },
  ]),
) as Json;
const config: Json = {
  kind: "KubeletConfiguration",
  evictionHard: { ...DEFAULT_EVICTION_HARD },
  evictionSoft: { "memory.available": "1Gi" },
  evictionSoftGracePeriod: { "memory.available": "1m" },
  evictionMinimumReclaim: { "nodefs.available": "5%" },
  enforceNodeAllocatable: ["pods"],
};

describe("hostile input", () => {
  it("is planned with, or refused with words; nothing else is thrown", () => {
    let planned = 0;
    fc.assert(
      fc.property(maybe, maybe, maybe, (inSummary, inPods, inConfig) => {
        const read = attempt(() => ({
          summary: readSummary(damaged(summary, inSummary), "stats"),
          pods: readPods(damaged(pods, inPods), "pods"),
          thresholds: parseThresholds(readConfig(damaged(config, inConfig), "config")),
        }));
        if (read === "refused") return;
        planned += 1;
        const plan = computePlan(read);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
        expect(formatPlan(plan)).toMatch(/\n$/u);
      }),
      { numRuns },
    );
    // What is whole is planned with, as is what is damaged where nobody reads.
    expect(planned).toBeGreaterThan(0);
  });

  it("is no matter of JSON alone", () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const read of [readSummary, readPods, readConfig]) if (attempt(() => read(text, "file")) === "refused") refused += 1;
        for (const separator of ["<", "="] as const) attempt(() => parseStatements(text, { where: "--option", separator }));
        attempt(() => parseThresholds({ evictionHard: { "memory.available": text } }));
        attempt(() => parseThresholds({ evictionSoftGracePeriod: { [text]: text } }));
      }),
      { numRuns },
    );
    expect(refused).toBeGreaterThan(0);
  });
});
