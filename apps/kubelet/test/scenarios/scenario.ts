import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { PodSpec } from "@nk/pod-model";
import { parse } from "yaml";

/** A command, and what it makes happen. */
export interface Step {
  readonly command: string;
  /** What the runtime is asked and what containers do, in order; several on one line, parted by ` | `, come in any order. */
  readonly trace: readonly string[];
  /** The kubelet's events that were not there before, in any order. */
  readonly events: readonly string[];
  /** What the pod's status says once all that has happened. */
  readonly status: readonly string[];
}

/** One pod and what becomes of it. */
export interface Scenario {
  readonly file: string;
  readonly title: string;
  /** Lines that explain it, with their `#`. */
  readonly comments: readonly string[];
  /** As it stands in the file. */
  readonly manifest: string;
  /** `args` of a container are what its instances do, see README.md. */
  readonly spec: PodSpec;
  readonly steps: readonly Step[];
}

const HEAD = "=== ";

const readSteps = (lines: readonly string[]): readonly Step[] => {
  const steps: { command: string; trace: string[]; events: string[]; status: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), trace: [], events: [], status: [] });
    const step = steps.at(-1);
    if (line === "" || line.startsWith("$ ")) continue;
    if (step === undefined) throw new Error(`there is no command before: ${line}`);
    if (line.startsWith("  event ")) step.events.push(line.slice(8));
    else if (line.startsWith("  = ")) step.status.push(line.slice(4));
    else if (line.startsWith("  ")) step.trace.push(line.slice(2));
    else throw new Error(`this is neither a command nor what it makes happen: ${line}`);
  }
  return steps;
};

const readScenario = (file: string, text: string): Scenario => {
  const [title = "", ...rest] = text.split("\n");
  const end = rest.indexOf("---");
  if (end < 0) throw new Error(`scenario "${title}" of ${file} has no line ---`);
  const head = rest.slice(0, end);
  const manifest = head.filter((line) => !line.startsWith("#")).join("\n");
  return {
    file,
    title,
    comments: head.filter((line) => line.startsWith("#")),
    manifest,
    spec: parse(manifest) as PodSpec,
    steps: readSteps(rest.slice(end + 1)),
  };
};

/** All scenarios of a file. */
export const readScenarios = (path: string): readonly Scenario[] =>
  `\n${readFileSync(path, "utf8")}`
    .split(`\n${HEAD}`)
    .slice(1)
    .map((text) => readScenario(basename(path), text));

/** Files with scenarios, in order. */
export const listScenarioFiles = (): readonly string[] =>
  readdirSync(join(import.meta.dirname, "pods"))
    .filter((name) => name.endsWith(".txt"))
    .toSorted()
    .map((name) => join(import.meta.dirname, "pods", name));

const formatStep = ({ command, trace, events, status }: Step): readonly string[] => [
  `$ ${command}`,
  ...trace.map((line) => `  ${line}`),
  ...events.map((line) => `  event ${line}`),
  ...status.map((line) => `  = ${line}`),
];

/** The text of a file's scenarios. */
export const formatScenarios = (scenarios: readonly Scenario[]): string =>
  scenarios
    .map(({ title, comments, manifest, steps }) =>
      [`${HEAD}${title}`, ...comments, manifest, "---", ...steps.flatMap(formatStep), ""].join("\n"),
    )
    .join("\n");
