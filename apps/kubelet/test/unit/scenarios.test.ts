import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { playInModel } from "../scenarios/model.ts";
import { formatScenarios, listScenarioFiles, readScenarios } from "../scenarios/scenario.ts";
import type { Scenario } from "../scenarios/scenario.ts";

const isUpdate = process.env["UPDATE"] !== undefined;

/** The same scenarios run on a node in test/peer/scenarios.test.ts. `UPDATE=1` writes what the model does into the files, for a person to read. */
describe.each(listScenarioFiles().map((path) => [basename(path, ".txt"), path] as const))("%s", (_name, path) => {
  const scenarios = readScenarios(path);
  const played: Scenario[] = [];
  it.each(scenarios.map((scenario) => [scenario.title, scenario] as const))("%s", async (_title, scenario) => {
    const steps = await playInModel(scenario);
    played.push({ ...scenario, steps });
    expect(steps).toEqual(isUpdate ? steps : scenario.steps);
  });
  afterAll(() => {
    if (isUpdate && played.length === scenarios.length) writeFileSync(path, formatScenarios(played));
  });
});
