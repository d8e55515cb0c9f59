import { describe, expect, it } from "vitest";
import { computeThresholds, guessFilesystemLayout, reclaimStepsOf, sharesOf } from "./filesystem-layout.ts";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { parseThresholds, thresholdId } from "./thresholds.ts";
import type { Signal } from "./signals.ts";
import type { FsStats, NodeStats } from "./summary.ts";

describe("the file systems", () => {
  const both = "dead-containers unused-images";
  it.each<[layout: FilesystemLayout, signal: Signal, shares: string, steps: string]>([
    ["shared", "nodefs.available", "rootfs logs volumes", both],
    ["shared", "nodefs.inodesFree", "rootfs logs volumes", both],
    ["shared", "imagefs.available", "rootfs logs volumes", both],
    ["shared", "imagefs.inodesFree", "rootfs logs volumes", both],
    ["shared", "containerfs.available", "rootfs logs volumes", both],
    ["shared", "containerfs.inodesFree", "rootfs logs volumes", both],
    ["image", "nodefs.available", "logs volumes", ""],
    ["image", "nodefs.inodesFree", "logs volumes", ""],
    ["image", "imagefs.available", "rootfs", both],
    ["image", "imagefs.inodesFree", "rootfs", both],
    ["image", "containerfs.available", "rootfs", both],
    ["image", "containerfs.inodesFree", "rootfs", both],
    ["split", "nodefs.available", "rootfs logs volumes", "dead-containers"],
    ["split", "nodefs.inodesFree", "rootfs logs volumes", "dead-containers"],
    ["split", "imagefs.available", "", "unused-images"],
    ["split", "imagefs.inodesFree", "", "unused-images"],
    ["split", "containerfs.available", "rootfs logs volumes", "dead-containers"],
    ["split", "containerfs.inodesFree", "rootfs logs volumes", "dead-containers"],
    ["shared", "memory.available", "", ""],
    ["image", "allocatableMemory.available", "", ""],
    ["split", "pid.available", "", ""],
  ])("%s: %s counts [%s] and is relieved by [%s]", (layout, signal, shares, steps) => {
    expect(sharesOf(signal, layout).join(" ")).toBe(shares);
    expect(reclaimStepsOf(signal, layout).join(" ").replaceAll("delete-", "")).toBe(steps);
  });

  it.each<[layout: FilesystemLayout, hard: { readonly [signal: string]: string }, derived: readonly string[]]>([
    ["shared", { "nodefs.available": "10%", "imagefs.available": "15%" }, ["containerfs.available/hard 10"]],
    ["split", { "nodefs.available": "10%", "imagefs.available": "15%" }, ["containerfs.available/hard 10"]],
    ["image", { "nodefs.available": "10%", "imagefs.available": "15%" }, ["containerfs.available/hard 15"]],
    ["image", { "nodefs.inodesFree": "10%" }, []],
    ["image", { "imagefs.inodesFree": "7%" }, ["containerfs.inodesFree/hard 7"]],
    ["shared", { "nodefs.available": "10%", "containerfs.available": "50%" }, ["containerfs.available/hard 10"]],
    ["shared", { "containerfs.available": "50%" }, []],
    ["shared", { "memory.available": "5%" }, []],
  ])("%s derives the thresholds of containerfs from %j", (layout, evictionHard, derived) => {
    const thresholds = computeThresholds(parseThresholds({ evictionHard }), layout).filter(({ signal }) =>
      signal.startsWith("containerfs."),
    );
    expect(
      thresholds.map((one) => `${thresholdId(one)} ${one.value.kind === "percentage" ? Math.round(one.value.fraction * 100) : ""}`),
    ).toEqual(derived);
  });

  it("derives soft thresholds with their grace period, and keeps pids last", () => {
    const thresholds = parseThresholds({
      evictionHard: { "pid.available": "10%" },
      evictionSoft: { "nodefs.available": "10%" },
      evictionSoftGracePeriod: { "nodefs.available": "1m" },
    });
    expect(computeThresholds(thresholds, "shared").map((one) => `${thresholdId(one)} ${one.gracePeriodMs}`)).toEqual([
      "nodefs.available/soft 60000",
      "containerfs.available/soft 60000",
      "pid.available/hard 0",
    ]);
  });

  const small: FsStats = { capacityBytes: 10, inodes: 5 };
  const large: FsStats = { capacityBytes: 99, inodes: 5 };
  it.each<[layout: FilesystemLayout, node: NodeStats]>([
    ["shared", {}],
    ["shared", { fs: small }],
    ["shared", { fs: small, runtime: { imageFs: small, containerFs: small } }],
    ["image", { fs: small, runtime: { imageFs: large, containerFs: large } }],
    ["image", { fs: small, runtime: { imageFs: large } }],
    ["split", { fs: small, runtime: { imageFs: large, containerFs: small } }],
    ["image", { fs: small, runtime: { imageFs: { ...small, inodes: 6 } } }],
  ])("guesses %s from %j", (layout, node) => {
    expect(guessFilesystemLayout(node)).toBe(layout);
  });
});
