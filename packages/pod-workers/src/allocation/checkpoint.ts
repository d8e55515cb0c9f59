import { open } from "node:fs/promises";
import type { PodResources, PodUid, ResizableResource, ResourceChanges } from "@nk/pod-model";
import { writeFileAtomic } from "@nk/stdx";
import type { Logger } from "@nk/stdx";

/** What outlives the kubelet of a pod that was ever resized. */
export interface Allocation {
  /** What the pod was given. */
  readonly resources: PodResources;
  /** What was changed and when, until its containers have it; `before` is what they may still hold. */
  readonly inProgress?: {
    readonly acceptedAtMs: number;
    readonly generation: number;
    readonly changes: ResourceChanges;
    readonly before: PodResources;
  };
}

/** Where allocations are kept. A pod that was never resized has none, so that it costs nothing. */
export interface AllocationStore {
  /** What was kept when this kubelet started. */
  readonly kept: ReadonlyMap<PodUid, Allocation>;
  /** Replaces all of it; resolves when that would survive a crash. Never called twice at once. */
  keep(allocations: ReadonlyMap<PodUid, Allocation>): Promise<void>;
}

const VERSION = 1;

/** Far more than a node's pods can fill. */
const MAX_BYTES = 16 * 1024 * 1024;

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const isTextMap = (value: unknown): boolean =>
  value === undefined || (isObject(value) && Object.values(value).every((one) => typeof one === "string"));

const isRequirements = (value: unknown): boolean => isObject(value) && isTextMap(value["requests"]) && isTextMap(value["limits"]);

const isResources = (value: unknown): value is PodResources =>
  isObject(value) &&
  isObject(value["containers"]) &&
  Object.values(value["containers"]).every(isRequirements) &&
  (value["pod"] === undefined || isRequirements(value["pod"]));

const isNames = (value: unknown): value is readonly ResizableResource[] =>
  Array.isArray(value) && value.every((one) => one === "cpu" || one === "memory");

const isChanges = (value: unknown): value is ResourceChanges =>
  isObject(value) && isObject(value["containers"]) && Object.values(value["containers"]).every(isNames) && isNames(value["pod"]);

const isProgress = (value: unknown): boolean =>
  value === undefined ||
  (isObject(value) &&
    Number.isFinite(value["acceptedAtMs"]) &&
    Number.isSafeInteger(value["generation"]) &&
    isChanges(value["changes"]) &&
    isResources(value["before"]));

const isAllocation = (value: unknown): value is Allocation =>
  isObject(value) && isResources(value["resources"]) && isProgress(value["inProgress"]);

/** The text of a file of allocations. */
export const formatAllocations = (allocations: ReadonlyMap<PodUid, Allocation>): string =>
  `${JSON.stringify({ version: VERSION, pods: Object.fromEntries(allocations) })}\n`;

/**
 * Reads such a text. What is no allocation is left out and counted: its pod is then taken for what its status shows. `problem` says why
 * nothing could be read at all.
 */
export const parseAllocations = (
  text: string,
): { readonly allocations: ReadonlyMap<PodUid, Allocation>; readonly dropped: number; readonly problem?: string } => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { allocations: new Map(), dropped: 0, problem: "it is not JSON" };
  }
  if (!isObject(parsed) || parsed["version"] !== VERSION || !isObject(parsed["pods"]))
    return { allocations: new Map(), dropped: 0, problem: `it has not the form of version ${VERSION}` };
  const entries = Object.entries(parsed["pods"]);
  const good = entries.filter((entry): entry is [PodUid, Allocation] => isAllocation(entry[1]));
  return { allocations: new Map(good), dropped: entries.length - good.length };
};

const readLimited = async (path: string): Promise<string | undefined> => {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MAX_BYTES}`);
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

/**
 * Opens the allocations in a file, which need not exist. A file that cannot be read, or that is rubbish, is logged and counts as empty:
 * what pods were given is then taken from their statuses. Writes replace the file in one step and survive a power cut.
 */
export const openAllocationFile = async (options: { readonly path: string; readonly logger: Logger }): Promise<AllocationStore> => {
  const { path, logger } = options;
  let kept: ReadonlyMap<PodUid, Allocation> = new Map();
  try {
    const text = await readLimited(path);
    if (text !== undefined) {
      const { allocations, dropped, problem } = parseAllocations(text);
      if (problem !== undefined || dropped > 0) logger.warn("file of allocated resources is damaged", { path, problem, dropped });
      kept = allocations;
    }
  } catch (error) {
    logger.warn("file of allocated resources cannot be read", { path, error });
  }
  return { kept, keep: (allocations) => writeFileAtomic(path, formatAllocations(allocations), { mode: 0o600 }) };
};
