import { formatQuantity, parseQuantity } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { isEvictionError } from "./errors.ts";
import type { EvictionErrorCode } from "./errors.ts";
import { parseStatements } from "./statements.ts";
import { resolveThresholdValue } from "./threshold-value.ts";
import { DEFAULT_EVICTION_HARD, parseThresholds, thresholdId } from "./thresholds.ts";
import type { ThresholdTexts } from "./thresholds.ts";

const codeAndMessage = (run: () => unknown): readonly [EvictionErrorCode | "none", string] => {
  try {
    run();
    return ["none", ""];
  } catch (error) {
    if (!isEvictionError(error)) throw error;
    return [error.code, error.message];
  }
};

describe("a threshold's value", () => {
  // text, capacity, what it comes to
  it.each<[text: string, capacity: string, quantity: string]>([
    ["100Mi", "10Gi", "100Mi"],
    ["1.5Gi", "10Gi", "1536Mi"],
    ["1G", "10Gi", "1G"],
    ["1e9", "10Gi", "1e9"],
    ["500k", "1M", "500k"],
    ["20Gi", "10Gi", "20Gi"],
    ["1", "10Gi", "1"],
    // As the reference's single precision has it: a tenth is a little more than a tenth.
    ["10%", "100Gi", "10737418400"],
    ["15%", "100Gi", "16106128000"],
    ["5%", "1000000", "50000"],
    ["50%", "10Gi", "5Gi"],
    ["25%", "1000", "250"],
    ["33.3%", "1000", "333"],
    [".5%", "1000", "4"],
    ["99.9%", "1000", "999"],
    ["10%", "0", "0"],
  ])("%s of %s is %s", (text, capacity, quantity) => {
    const [threshold] = parseThresholds({ evictionHard: { "memory.available": text } });
    if (threshold === undefined) throw new Error("the threshold is off");
    expect(formatQuantity(resolveThresholdValue(threshold.value, parseQuantity(capacity)))).toBe(quantity);
  });

  it.each(["0%", "100%", "0.0%", "100.0%", "-0%"])("%s switches the threshold off", (text) => {
    expect(parseThresholds({ evictionHard: { "memory.available": text } })).toEqual([]);
  });

  it.each<[text: string, words: string]>([
    ["-5%", '"-5%" is negative'],
    ["100.1%", '"100.1%" is more than there is'],
    ["101%", '"101%" is more than there is'],
    ["1e400Gi", '"1e400Gi" is no quantity'],
    ["%", '"%" is no percentage'],
    ["5%%", '"5%%" is no percentage'],
    ["NaN%", '"NaN%" is no percentage'],
    ["Inf%", '"Inf%" is no percentage'],
    ["0x10%", '"0x10%" is no percentage'],
    ["1e1%", '"1e1%" is no percentage'],
    ["5 %", '"5 %" is no percentage'],
    ["10Mi%", '"10Mi%" is no percentage'],
    ["", '"" is no quantity'],
    ["0", '"0" is not positive'],
    ["0Gi", '"0Gi" is not positive'],
    ["-1Gi", '"-1Gi" is not positive'],
    ["1gb", '"1gb" is no quantity'],
    ["1 Gi", '"1 Gi" is no quantity'],
    ["ten", '"ten" is no quantity'],
    ["1e99999", "out of range"],
    ["9".repeat(200), "longer than 128 characters"],
  ])("%s is refused, and the message says where and why", (text, words) => {
    const [code, message] = codeAndMessage(() => parseThresholds({ evictionHard: { "memory.available": text } }));
    expect(code).toBe("invalid-threshold");
    expect(message).toContain("read evictionHard[memory.available]: ");
    expect(message).toContain(words);
    expect(message.length).toBeLessThan(300);
  });
});

const memory = (text: string) => ({ "memory.available": text });

describe("parseThresholds", () => {
  it("reads the defaults", () => {
    expect(parseThresholds({ evictionHard: DEFAULT_EVICTION_HARD }).map(thresholdId)).toEqual([
      "memory.available/hard",
      "nodefs.available/hard",
      "nodefs.inodesFree/hard",
      "imagefs.available/hard",
      "imagefs.inodesFree/hard",
    ]);
  });

  it.each<[what: string, texts: ThresholdTexts, expected: readonly string[]]>([
    ["nothing", {}, []],
    [
      "hard before soft",
      { evictionSoft: memory("2Gi"), evictionSoftGracePeriod: memory("1m"), evictionHard: memory("1Gi") },
      ["memory.available/hard 0", "memory.available/soft 60000"],
    ],
    [
      "the order of the signals, not of the texts",
      { evictionHard: { "pid.available": "10%", "memory.available": "1Gi" } },
      ["memory.available/hard 0", "pid.available/hard 0"],
    ],
    [
      "a grace period of nothing acts at once",
      { evictionSoft: memory("2Gi"), evictionSoftGracePeriod: memory("0s") },
      ["memory.available/soft 0"],
    ],
    ["a grace period without a threshold is ignored", { evictionSoftGracePeriod: memory("1m") }, []],
    ["a soft threshold that is off needs no grace period", { evictionSoft: memory("0%") }, []],
    [
      "a minimum reclaim belongs to hard and soft",
      {
        evictionHard: memory("1Gi"),
        evictionSoft: memory("2Gi"),
        evictionSoftGracePeriod: memory("1m30s"),
        evictionMinimumReclaim: memory("500Mi"),
      },
      ["memory.available/hard 0 +500Mi", "memory.available/soft 90000 +500Mi"],
    ],
    ["a minimum reclaim of nothing", { evictionHard: memory("1Gi"), evictionMinimumReclaim: memory("0") }, ["memory.available/hard 0 +0"]],
    [
      "a minimum reclaim in percent",
      { evictionHard: memory("1Gi"), evictionMinimumReclaim: memory("5%") },
      ["memory.available/hard 0 +5%"],
    ],
    [
      "the pods' cgroup, where allocatable is enforced",
      { evictionHard: memory("1Gi"), enforceNodeAllocatable: ["pods"] },
      ["memory.available/hard 0", "allocatableMemory.available/hard 0"],
    ],
    [
      "not the pods' cgroup, where only reserves are",
      { evictionHard: memory("1Gi"), enforceNodeAllocatable: ["kube-reserved"] },
      ["memory.available/hard 0"],
    ],
    [
      "not for a soft threshold",
      { evictionSoft: memory("1Gi"), evictionSoftGracePeriod: memory("1m"), enforceNodeAllocatable: ["pods"] },
      ["memory.available/soft 60000"],
    ],
    [
      "what was stated for the pods' cgroup stays",
      { evictionHard: { "memory.available": "1Gi", "allocatableMemory.available": "2Gi" }, enforceNodeAllocatable: ["pods"] },
      ["memory.available/hard 0", "allocatableMemory.available/hard 0"],
    ],
  ])("%s", (_, texts, expected) => {
    const described = parseThresholds(texts).map((threshold) => {
      const { minReclaim, gracePeriodMs } = threshold;
      const plus =
        minReclaim === undefined
          ? ""
          : minReclaim.kind === "quantity"
            ? ` +${formatQuantity(minReclaim.quantity)}`
            : ` +${Math.round(minReclaim.fraction * 100)}%`;
      return `${thresholdId(threshold)} ${gracePeriodMs}${plus}`;
    });
    expect(described).toEqual(expected);
  });

  it.each<[texts: ThresholdTexts, code: EvictionErrorCode, words: string]>([
    [{ evictionHard: { "memory.availble": "1Gi" } }, "unknown-signal", 'did you mean "memory.available"'],
    [{ evictionHard: { memory: "1Gi" } }, "unknown-signal", "read evictionHard: there is no eviction signal"],
    [{ evictionHard: { constructor: "1Gi" } }, "unknown-signal", '"constructor"'],
    [{ evictionHard: { "": "1Gi" } }, "unknown-signal", 'no eviction signal ""'],
    [{ evictionSoft: { "pods.free": "1Gi" } }, "unknown-signal", "read evictionSoft: "],
    [{ evictionSoft: memory("1Gi") }, "missing-grace-period", "the soft threshold on memory.available needs a grace period"],
    [
      { evictionSoft: memory("1Gi"), evictionSoftGracePeriod: memory("60") },
      "invalid-duration",
      'evictionSoftGracePeriod[memory.available]: "60" is no duration',
    ],
    [{ evictionSoftGracePeriod: memory("-1m") }, "invalid-duration", '"-1m" is negative'],
    [{ evictionSoftGracePeriod: { "disk.free": "1m" } }, "unknown-signal", "read evictionSoftGracePeriod: "],
    [{ evictionMinimumReclaim: memory("-1Gi") }, "invalid-threshold", 'evictionMinimumReclaim[memory.available]: "-1Gi" is negative'],
    [{ evictionMinimumReclaim: memory("0%") }, "invalid-threshold", '"0%" is not positive'],
    [{ evictionMinimumReclaim: memory("lots") }, "invalid-threshold", '"lots" is no quantity'],
    [{ evictionMinimumReclaim: { "nodefs.inodes": "1" } }, "unknown-signal", "there are: memory.available, "],
  ])("refuses %j as %s", (texts, code, words) => {
    const [actual, message] = codeAndMessage(() => parseThresholds(texts));
    expect([actual, message]).toEqual([code, expect.stringContaining(words)]);
  });
});

describe("parseStatements", () => {
  it.each<[text: string, entries: { readonly [name: string]: string }]>([
    ["", {}],
    ["  ", {}],
    ["memory.available<100Mi", { "memory.available": "100Mi" }],
    [" memory.available < 100Mi , nodefs.available<10%", { "memory.available": "100Mi", "nodefs.available": "10%" }],
    ["memory.available<-5%", { "memory.available": "-5%" }],
    ["a<", { a: "" }],
    ["a<b<c", { a: "b<c" }],
    ["__proto__<1", JSON.parse('{"__proto__":"1"}') as { readonly [name: string]: string }],
  ])("reads %j", (text, entries) => {
    expect(parseStatements(text, { where: "--eviction-hard", separator: "<" })).toEqual(entries);
  });

  it.each<[text: string, code: EvictionErrorCode, message: string]>([
    ["memory.available>1Gi", "invalid-threshold", 'read --hard, column 1: "memory.available>1Gi" is not SIGNAL<VALUE'],
    ["memory.available=1Gi", "invalid-threshold", 'read --hard, column 1: "memory.available=1Gi" is not SIGNAL<VALUE'],
    ["a<1,", "invalid-threshold", "read --hard, column 5: an entry is empty"],
    [",a<1", "invalid-threshold", "read --hard, column 1: an entry is empty"],
    ["a<1, <2", "invalid-threshold", 'read --hard, column 6: "<2" is not SIGNAL<VALUE'],
    ["a<1,b<2,a<3", "duplicate-threshold", "read --hard, column 9: a is stated twice"],
    ["a<1, a<1", "duplicate-threshold", "read --hard, column 6: a is stated twice"],
    ["x".repeat(10_001), "invalid-threshold", "read --hard: longer than 10000 characters"],
  ])("refuses %.30s", (text, code, message) => {
    expect(codeAndMessage(() => parseStatements(text, { where: "--hard", separator: "<" }))).toEqual([code, message]);
  });
});
