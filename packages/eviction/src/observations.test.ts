import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatQuantity } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeObservations } from "./observations.ts";
import type { Signal } from "./signals.ts";
import type { NodeStats, Summary } from "./summary.ts";

const observe = (node: NodeStats, signal: Signal): string => {
  const observed = computeObservations({ node })[signal];
  return observed === undefined ? "" : `${formatQuantity(observed.available)}/${formatQuantity(observed.capacity)}`;
};

const time = "2026-01-01T00:00:00Z";

describe("computeObservations", () => {
  it.each<[what: string, signal: Signal, node: NodeStats, expected: string]>([
    [
      "memory is what is free and what is worked with",
      "memory.available",
      { memory: { availableBytes: 1024, workingSetBytes: 3072 } },
      "1Ki/4Ki",
    ],
    ["memory without what is free", "memory.available", { memory: { workingSetBytes: 3072 } }, ""],
    ["memory without the working set", "memory.available", { memory: { availableBytes: 3072 } }, ""],
    ["no memory at all", "memory.available", {}, ""],
    ["null is absent", "memory.available", { memory: null }, ""],
    ["a negative figure is none", "memory.available", { memory: { availableBytes: -1, workingSetBytes: 1 } }, ""],
    ["a broken figure is none", "memory.available", { memory: { availableBytes: Number.NaN, workingSetBytes: 1 } }, ""],
    ["an endless figure is none", "memory.available", { memory: { availableBytes: Number.POSITIVE_INFINITY, workingSetBytes: 1 } }, ""],
    ["more than a double can count", "memory.available", { memory: { availableBytes: 2n ** 60n, workingSetBytes: 2n ** 60n } }, "1Ei/2Ei"],
    [
      "an unlimited cgroup",
      "memory.available",
      { memory: { availableBytes: 2n ** 64n - 1n, workingSetBytes: 0 } },
      "18446744073709551615/18446744073709551615",
    ],
    [
      "the pods' cgroup",
      "allocatableMemory.available",
      { systemContainers: [{ name: "kubelet" }, { name: "pods", memory: { availableBytes: 1024, workingSetBytes: 0 } }] },
      "1Ki/1Ki",
    ],
    ["no pods' cgroup", "allocatableMemory.available", { systemContainers: [{ name: "kubelet" }] }, ""],
    ["no system containers", "allocatableMemory.available", { systemContainers: null }, ""],
    ["the node's disk", "nodefs.available", { fs: { availableBytes: 1024, capacityBytes: 2048 } }, "1Ki/2Ki"],
    ["a disk without its size", "nodefs.available", { fs: { availableBytes: 1024 } }, ""],
    ["inodes are counted in tens", "nodefs.inodesFree", { fs: { inodesFree: 1000, inodes: 2048 } }, "1k/2048"],
    ["the images' disk", "imagefs.available", { runtime: { imageFs: { availableBytes: 0, capacityBytes: 2048 } } }, "0/2Ki"],
    ["the images' inodes", "imagefs.inodesFree", { runtime: { imageFs: { inodesFree: 1, inodes: 2 } } }, "1/2"],
    [
      "the containers' disk",
      "containerfs.available",
      { runtime: { containerFs: { availableBytes: 1024, capacityBytes: 2048 } } },
      "1Ki/2Ki",
    ],
    ["the containers' inodes", "containerfs.inodesFree", { runtime: { containerFs: { inodesFree: 1, inodes: 2 } } }, "1/2"],
    ["processes", "pid.available", { rlimit: { maxpid: 1000, curproc: 900 } }, "100/1k"],
    ["more processes than allowed", "pid.available", { rlimit: { maxpid: 1000, curproc: 1100 } }, "-100/1k"],
    ["processes without a limit", "pid.available", { rlimit: { curproc: 1100 } }, ""],
  ])("%s", (_, signal, node, expected) => {
    expect(observe(node, signal)).toBe(expected);
  });

  it("knows when, and takes a time that nobody can read for none", () => {
    const at = (text: string) => computeObservations({ node: { memory: { time: text, availableBytes: 1, workingSetBytes: 1 } } });
    expect(at(time)["memory.available"]?.atMs).toBe(1_767_225_600_000);
    expect(at("yesterday")["memory.available"]).not.toHaveProperty("atMs");
  });

  it("reads every signal from what the reference answers", () => {
    const summary = JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures/stats-summary.json"), "utf8")) as Summary;
    const observations = computeObservations(summary);
    const described = Object.entries(observations).map(
      ([signal, { available, capacity }]) => `${signal} ${formatQuantity(available)}/${formatQuantity(capacity)}`,
    );
    expect(described).toMatchInlineSnapshot(`
      [
        "memory.available 23140208Ki/24684096Ki",
        "allocatableMemory.available 24628136Ki/24684096Ki",
        "nodefs.available 67536216Ki/264212084Ki",
        "nodefs.inodesFree 16150378/16777216",
        "imagefs.available 67536216Ki/264212084Ki",
        "imagefs.inodesFree 16150378/16777216",
        "containerfs.available 67536216Ki/264212084Ki",
        "containerfs.inodesFree 16150378/16777216",
        "pid.available 32451/32768",
      ]
    `);
  });
});
