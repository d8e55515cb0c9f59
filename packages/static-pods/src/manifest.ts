import { applyPodDefaults, decodeObject, formatFieldPath } from "@nk/pod-model";
import type { FieldPath, Pod, SourceProblem } from "@nk/pod-model";
import { checkApiReferences } from "./api-references.ts";
import { checkSupported } from "./check-supported.ts";
import type { IsFieldSupported } from "./check-supported.ts";
import { createField } from "./field.ts";
import type { FieldProblem } from "./field.ts";
import { applyStaticPodIdentity } from "./identity.ts";
import type { ManifestOrigin } from "./identity.ts";
import { DEFAULT_MAX_PODS } from "./options.ts";
import { validatePod } from "./validate/pod.ts";
import { parseText } from "./yaml-text.ts";
import type { TextDocument } from "./yaml-text.ts";

/** What a manifest is read with. */
export interface ManifestOptions extends ManifestOrigin {
  /** Epoch milliseconds, for annotation `kubernetes.io/config.seen`. */
  readonly seenMs: number;
  readonly isFieldSupported?: IsFieldSupported | undefined;
  /** More pods, or more documents, are a problem and none is given. Default 1000. */
  readonly maxPods?: number | undefined;
}

/** The pods of a manifest, or what is wrong with it: one of the two is empty (both are for an empty PodList). */
export interface Manifest {
  readonly pods: readonly Pod[];
  readonly problems: readonly SourceProblem[];
}

const MAX_PROBLEMS = 50;
/** Fields, keys and items of one pod. Big pods have some hundreds; reading is synchronous and up to 70 µs a value where all are wrong. */
const MAX_POD_VALUES = 20_000;
const POD_KINDS = ["Pod", "PodList"] as const;

const readOnePod = (
  value: unknown,
  segments: FieldPath,
  options: ManifestOptions,
): { readonly pod: Pod; readonly problems: readonly FieldProblem[] } => {
  const decoded = decodeObject("Pod", value);
  if (decoded.problems.length > 0) {
    const problems = decoded.problems.map((problem) => {
      const place = [...segments, ...problem.segments];
      return { segments: place, field: formatFieldPath(place), message: problem.message };
    });
    return { pod: {}, problems };
  }
  const references: FieldProblem[] = [];
  checkApiReferences(
    decoded.value,
    createField((problem) => references.push(problem), segments),
  );
  const problems = [...references];
  const isKnown = (problem: FieldProblem): boolean => references.some(({ field }) => field.startsWith(problem.field));
  const addNew = (problem: FieldProblem): void => {
    if (!isKnown(problem)) problems.push(problem);
  };
  checkSupported(decoded.value, createField(addNew, segments), options.isFieldSupported ?? (() => false));
  const pod = applyPodDefaults(applyStaticPodIdentity(decoded.value, options, options.seenMs));
  validatePod(
    decoded.value,
    pod,
    createField((problem) => problems.push(problem), segments),
  );
  return { pod, problems };
};

const kindOf = (value: unknown): { readonly apiVersion: unknown; readonly kind: unknown } => {
  const record = typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown }) : {};
  return { apiVersion: record["apiVersion"], kind: record["kind"] };
};

const checkKind = (value: unknown, onProblem: (problem: FieldProblem) => void): boolean => {
  let isGood = true;
  const root = createField((problem) => {
    isGood = false;
    onProblem(problem);
  });
  const { apiVersion, kind } = kindOf(value);
  if (kind === undefined || kind === null || kind === "") root.at("kind").required();
  else if (!POD_KINDS.some((known) => known === kind)) root.at("kind").unsupported(kind, POD_KINDS);
  if (apiVersion === undefined || apiVersion === null || apiVersion === "") root.at("apiVersion").required();
  else if (apiVersion !== "v1") root.at("apiVersion").unsupported(apiVersion, ["v1"]);
  return isGood;
};

/** Whether the value holds more than so many values; through aliases it may even contain itself. */
const holdsMoreThan = (value: unknown, maxValues: number): boolean => {
  const waiting: unknown[] = [value];
  let count = 0;
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    const items: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    count += items.length;
    if (count > maxValues) return true;
    for (const item of items) waiting.push(item);
  }
  return false;
};

/** A document's pods before they are read, each with its place in the document. */
type Place = readonly [item: unknown, segments: FieldPath];

const findPods = (document: TextDocument, onProblem: (problem: FieldProblem) => void): readonly Place[] => {
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    onProblem({ segments: [], field: "", message: "expected a Pod or a PodList, got something that is no object" });
    return [];
  }
  if (!checkKind(value, onProblem)) return [];
  if (kindOf(value).kind === "Pod") return [[value, []]];
  const items: unknown = "items" in value ? value.items : [];
  if (Array.isArray(items)) return items.map((item: unknown, index) => [item, ["items", index]]);
  onProblem({ segments: ["items"], field: "items", message: "expected a list" });
  return [];
};

const readPodAt = ([item, segments]: Place, options: ManifestOptions, onProblem: (problem: FieldProblem) => void): Pod => {
  if (holdsMoreThan(item, MAX_POD_VALUES)) {
    onProblem({ segments, field: formatFieldPath(segments), message: `holds more than ${MAX_POD_VALUES} values, which no pod needs` });
    return {};
  }
  const { pod, problems } = readOnePod(item, segments, options);
  for (const problem of problems) onProblem(problem);
  return pod;
};

const findDuplicates = (pods: readonly Pod[]): readonly string[] => {
  const seen = new Set<string>();
  const messages: string[] = [];
  for (const { metadata } of pods) {
    for (const [what, key] of [
      ["name", `${metadata?.namespace}/${metadata?.name}`],
      ["uid", metadata?.uid ?? ""],
    ] as const) {
      if (seen.has(`${what} ${key}`)) messages.push(`Duplicate value: pod ${what} ${JSON.stringify(key)} stands twice here`);
      seen.add(`${what} ${key}`);
    }
  }
  return messages;
};

const tooManyPods = (what: "documents" | "pods", { source, maxPods }: { source: ManifestOptions["source"]; maxPods: number }): string =>
  `holds more than ${maxPods} ${what}; ${source === "file" ? "spread them over several files" : "only so many can be taken from one URL"}`;

/**
 * Reads the text of a manifest: one or more documents, each a v1 Pod or PodList. A manifest is one unit: with any problem in it none of
 * its pods is given. Pods come with identity, defaults and source annotations, ready to be run. Pure but for the parser; never throws.
 */
export const readManifest = (text: string, options: ManifestOptions): Manifest => {
  const { source, location, maxPods = DEFAULT_MAX_PODS } = options;
  const refuse = (message: string): Manifest => ({ pods: [], problems: [{ location, message }] });
  const parsed = parseText(text, maxPods);
  if (parsed.areTooMany === true) return refuse(tooManyPods("documents", { source, maxPods }));
  const problems: SourceProblem[] = parsed.problems.map((problem) => ({ location, ...problem }));
  if (problems.length > 0) return { pods: [], problems };
  if (parsed.documents.length === 0) return refuse("contains no pod");
  const pods: Pod[] = [];
  let count = 0;
  for (const document of parsed.documents) {
    const onProblem = ({ segments, field, message }: FieldProblem): void => {
      // Looking for the line is work as well: none is done for problems that nobody will see.
      if (problems.length >= MAX_PROBLEMS) return;
      problems.push({ location, line: document.lineOf(segments), ...(field === "" ? {} : { field }), message });
    };
    const places = findPods(document, onProblem);
    count += places.length;
    if (count > maxPods) return refuse(tooManyPods("pods", { source, maxPods }));
    for (const [item, segments] of places) {
      if (problems.length >= MAX_PROBLEMS) return { pods: [], problems };
      try {
        pods.push(readPodAt([item, segments], options, onProblem));
      } catch {
        // Only what has no form of ours (managedFields) can be nested so deeply, or contain itself through an alias.
        onProblem({ segments: [], field: "", message: "nested too deeply" });
      }
    }
  }
  if (problems.length === 0) for (const message of findDuplicates(pods)) problems.push({ location, field: "metadata.name", message });
  return problems.length > 0 ? { pods: [], problems: problems.slice(0, MAX_PROBLEMS) } : { pods, problems };
};
