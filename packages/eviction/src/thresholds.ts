import { isStdxError, parseGoDuration } from "@nk/stdx";
import { EvictionError } from "./errors.ts";
import { parseSignal, SIGNALS } from "./signals.ts";
import type { Signal } from "./signals.ts";
import { parseMinReclaim, parseThresholdValue } from "./threshold-value.ts";
import type { ThresholdValue } from "./threshold-value.ts";

/** When less than `value` is available, the node has a shortage. */
export interface Threshold {
  readonly signal: Signal;
  /** Where it was written. One signal has at most one of each. */
  readonly kind: "hard" | "soft";
  readonly value: ThresholdValue;
  /** How long the shortage must last before a pod is evicted, in milliseconds; 0 acts at once, a soft threshold's too. */
  readonly gracePeriodMs: number;
  /** How much more than the threshold must be free before the shortage counts as over. */
  readonly minReclaim?: ThresholdValue;
}

/** Names one threshold of a configuration. */
export type ThresholdId = `${Signal}/${Threshold["kind"]}`;

/** The name of the threshold, unique in what {@link parseThresholds} returns. */
export const thresholdId = ({ signal, kind }: Threshold): ThresholdId => `${signal}/${kind}`;

type Texts = { readonly [signal: string]: string };

/** The eviction part of a KubeletConfiguration, as users write it. */
export interface ThresholdTexts {
  readonly evictionHard?: Texts | undefined;
  readonly evictionSoft?: Texts | undefined;
  /** Go durations; each soft threshold needs one. */
  readonly evictionSoftGracePeriod?: Texts | undefined;
  readonly evictionMinimumReclaim?: Texts | undefined;
  /** With `pods` in it, the hard memory threshold is watched on the pods' cgroup too. */
  readonly enforceNodeAllocatable?: readonly string[] | undefined;
}

/** The hard thresholds of a kubelet that is told none (DefaultEvictionHard in the reference). */
export const DEFAULT_EVICTION_HARD: Texts = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

const readEntries = <T>(
  texts: Texts | undefined,
  field: keyof ThresholdTexts,
  parse: (text: string, where: string) => T,
): ReadonlyMap<Signal, T> =>
  new Map(
    Object.entries(texts ?? {}).map(([name, text]): [Signal, T] => {
      const signal = parseSignal(name, field);
      return [signal, parse(text, `${field}[${name}]`)];
    }),
  );

const parseGracePeriod = (text: string, where: string): number => {
  const invalid = (why: string, cause?: unknown): EvictionError =>
    new EvictionError("invalid-duration", `read ${where}: ${JSON.stringify(text.slice(0, 100))} ${why}`, { where, text, cause });
  try {
    const durationMs = parseGoDuration(text);
    if (durationMs < 0) throw invalid("is negative");
    return durationMs;
  } catch (error) {
    throw isStdxError(error) ? invalid('is no duration like "1m30s"', error) : error;
  }
};

const inOrder = (thresholds: readonly Threshold[]): readonly Threshold[] => {
  const place = ({ signal, kind }: Threshold): number => SIGNALS.indexOf(signal) * 2 + (kind === "soft" ? 1 : 0);
  return thresholds.toSorted((a, b) => place(a) - place(b));
};

/**
 * Reads and checks thresholds (ParseThresholdConfig in the reference). The result is in the order of {@link SIGNALS}, hard before soft, whatever
 * the order of the texts. Thresholds on containerfs are read, and replaced by `computeThresholds`: they follow from the file systems.
 * @throws EvictionError `unknown-signal`, `invalid-threshold`, `invalid-duration`, `missing-grace-period`
 */
export const parseThresholds = (texts: ThresholdTexts): readonly Threshold[] => {
  const hard = readEntries(texts.evictionHard, "evictionHard", parseThresholdValue);
  const soft = readEntries(texts.evictionSoft, "evictionSoft", parseThresholdValue);
  const gracePeriods = readEntries(texts.evictionSoftGracePeriod, "evictionSoftGracePeriod", parseGracePeriod);
  const minReclaims = readEntries(texts.evictionMinimumReclaim, "evictionMinimumReclaim", parseMinReclaim);
  const thresholds: Threshold[] = [];
  const add = (threshold: Omit<Threshold, "value" | "minReclaim">, value: ThresholdValue | undefined): void => {
    const minReclaim = minReclaims.get(threshold.signal);
    if (value !== undefined) thresholds.push({ ...threshold, value, ...(minReclaim === undefined ? {} : { minReclaim }) });
  };
  for (const [signal, value] of hard) add({ signal, kind: "hard", gracePeriodMs: 0 }, value);
  for (const [signal, value] of soft) {
    const gracePeriodMs = gracePeriods.get(signal);
    // The reference asks it of a threshold that is switched off too, only to drop it: such a one needs none here.
    if (gracePeriodMs === undefined && value !== undefined) {
      const where = `evictionSoftGracePeriod[${signal}]`;
      throw new EvictionError("missing-grace-period", `read ${where}: the soft threshold on ${signal} needs a grace period`, { where });
    }
    add({ signal, kind: "soft", gracePeriodMs: gracePeriodMs ?? 0 }, value);
  }
  if (texts.enforceNodeAllocatable?.includes("pods") === true) {
    const copies = thresholds.filter(({ signal, gracePeriodMs }) => signal === "memory.available" && gracePeriodMs === 0);
    const stated = new Set(thresholds.map(thresholdId));
    for (const copy of copies.map((threshold): Threshold => ({ ...threshold, signal: "allocatableMemory.available" })))
      if (!stated.has(thresholdId(copy))) thresholds.push(copy);
  }
  return inOrder(thresholds);
};
