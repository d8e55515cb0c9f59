/**
 * `npm test`: everything CI asks for, in one order: the cheap checks first, the real containerd last. `--only NAME` runs the steps whose name
 * contains NAME; `--skip NAME` leaves steps out.
 */
import { resolve } from "node:path";
import { readmeStep } from "./readme-step.ts";
import { publishStep } from "./publish-step.ts";
import { commandStep, runSteps } from "./step.ts";
import { vitestStep } from "./vitest-step.ts";

const root = resolve(import.meta.dirname, "../../..");

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

const steps = [
  commandStep("types", ["tsc", "-p", "."], root),
  commandStep("lint", ["oxlint", "--type-aware", "--deny-warnings"], root),
  commandStep("format", ["oxfmt", "--check"], root),
  commandStep("tidy", ["node", "tools/tidy/src/main.ts"], root),
  commandStep("generated code", ["node", "tools/gen/src/main.ts", "--check"], root),
  vitestStep("unit", root),
  readmeStep(root),
  publishStep(root),
  vitestStep("peer", root),
];

const only = option("--only");
const skip = option("--skip");
const chosen = steps.filter(({ name }) => (only === undefined || name.includes(only)) && (skip === undefined || !name.includes(skip)));
if (chosen.length === 0) throw new Error(`no step is called like "${only ?? ""}"; there are: ${steps.map(({ name }) => name).join(", ")}`);

const results = await runSteps(chosen);
console.log("");
for (const { name, failures } of results) for (const failure of failures ?? []) console.log(`failed in ${name}: ${failure}`);
console.log("");
for (const { name, passed, failed, durationMs } of results) {
  console.log(
    `${failed === 0 ? "ok  " : "FAIL"} ${name.padEnd(24)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${(durationMs / 1000).toFixed(1).padStart(6)} s`,
  );
}
const total = (key: "passed" | "failed"): number => results.reduce((sum, result) => sum + result[key], 0);
console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 ? 0 : 1;
