import { applyPodDefaults, decodeObject, formatFieldPath } from "@nk/pod-model";
import type { FieldPath, Pod, SourceProblem } from "@nk/pod-model";
import { checkApiReferences } from "./api-references.ts";
import { checkSupported } from "./check-supported.ts";
import type { IsFieldSupported } from "./check-supported.ts";
import { createField } from "./field.ts";
import type { FieldProblem } from "./field.ts";
import { applyStaticPodIdentity } from "./identity.ts";
import type { ManifestOrigin } from "./identity.ts";
import { validatePod } from "./validate/pod.ts";
import { parseText } from "./yaml-text.ts";
import type { TextDocument } from "./yaml-text.ts";

/** What a manifest is read with. */
export interface ManifestOptions extends ManifestOrigin {
  /** Epoch milliseconds, for annotation `kubernetes.io/config.seen`. */
  readonly seenMs: number;
  readonly isFieldSupported?: IsFieldSupported | undefined;
}

/** The pods of a manifest, or what is wrong with it: one of the two is empty (both are for an empty PodList). */
export interface Manifest {
  readonly pods: readonly Pod[];
  readonly problems: readonly SourceProblem[];
}

const MAX_PROBLEMS = 50;
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

const readDocument = (document: TextDocument, options: ManifestOptions, onProblem: (problem: FieldProblem) => void): readonly Pod[] => {
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    onProblem({ segments: [], field: "", message: "expected a Pod or a PodList, got something that is no object" });
    return [];
  }
  if (!checkKind(value, onProblem)) return [];
  const isList = kindOf(value).kind === "PodList";
  const items: unknown = isList && "items" in value ? value.items : [];
  const places: readonly (readonly [unknown, FieldPath])[] = isList
    ? (Array.isArray(items) ? items : []).map((item: unknown, index) => [item, ["items", index]] as const)
    : [[value, []]];
  if (isList && !Array.isArray(items)) onProblem({ segments: ["items"], field: "items", message: "expected a list" });
  return places.map(([item, segments]) => {
    const { pod, problems } = readOnePod(item, segments, options);
    for (const problem of problems) onProblem(problem);
    return pod;
  });
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

/**
 * Reads the text of a manifest: one or more documents, each a v1 Pod or PodList. A manifest is one unit: with any problem in it none of
 * its pods is given. Pods come with identity, defaults and source annotations, ready to be run. Pure but for the parser; never throws.
 */
export const readManifest = (text: string, options: ManifestOptions): Manifest => {
  const parsed = parseText(text);
  const problems: SourceProblem[] = [];
  const add = (problem: Omit<SourceProblem, "location">): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ location: options.location, ...problem });
  };
  for (const problem of parsed.problems) add(problem);
  if (problems.length > 0) return { pods: [], problems };
  const pods: Pod[] = [];
  for (const document of parsed.documents) {
    const onProblem = ({ segments, field, message }: FieldProblem): void =>
      add({ line: document.lineOf(segments), ...(field === "" ? {} : { field }), message });
    try {
      pods.push(...readDocument(document, options, onProblem));
    } catch {
      // Only what has no form of ours (managedFields) can be nested so deeply, or contain itself through an alias.
      add({ line: document.lineOf([]), message: "nested too deeply" });
    }
  }
  if (parsed.documents.length === 0) add({ message: "contains no pod" });
  if (problems.length === 0) for (const message of findDuplicates(pods)) add({ field: "metadata.name", message });
  return problems.length > 0 ? { pods: [], problems } : { pods, problems };
};
