import { describe, expect, it } from "vitest";
import type { PodCgroupInput } from "./names.ts";
import { parsePodCgroupName, podCgroupDirectory, podCgroupPath, qosCgroupDirectory, sliceDirectory } from "./names.ts";

const uid = "a1-b2";

describe("names", () => {
  it.each<[PodCgroupInput, string, string]>([
    [{ driver: "cgroupfs", qosClass: "Guaranteed", uid }, "/kubepods/poda1-b2", "/kubepods/poda1-b2"],
    [{ driver: "cgroupfs", qosClass: "Burstable", uid, cgroupRoot: "/" }, "/kubepods/burstable/poda1-b2", "/kubepods/burstable/poda1-b2"],
    [
      { driver: "cgroupfs", qosClass: "BestEffort", uid, cgroupRoot: "/my/root" },
      "/my/root/kubepods/besteffort/poda1-b2",
      "/my/root/kubepods/besteffort/poda1-b2",
    ],
    [{ driver: "systemd", qosClass: "Guaranteed", uid }, "kubepods-poda1_b2.slice", "/kubepods.slice/kubepods-poda1_b2.slice"],
    [
      { driver: "systemd", qosClass: "Burstable", uid },
      "kubepods-burstable-poda1_b2.slice",
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda1_b2.slice",
    ],
    [
      { driver: "systemd", qosClass: "BestEffort", uid, cgroupRoot: "/a-b" },
      "a_b-kubepods-besteffort-poda1_b2.slice",
      "/a_b.slice/a_b-kubepods.slice/a_b-kubepods-besteffort.slice/a_b-kubepods-besteffort-poda1_b2.slice",
    ],
  ])("of %j are the reference's", (input, parent, directory) => {
    expect(podCgroupPath(input)).toBe(parent);
    expect(podCgroupDirectory(input)).toBe(directory);
    expect(directory.startsWith(`${qosCgroupDirectory(input)}/`)).toBe(true);
    expect(parsePodCgroupName(directory.slice(directory.lastIndexOf("/") + 1), input.driver)).toBe(uid);
  });

  it.each(["burstable", "xpod1", "pod", "kubepods-burstable.slice"])("%s is no pod's", (name) => {
    expect(parsePodCgroupName(name, "cgroupfs")).toBeUndefined();
    expect(parsePodCgroupName(name, "systemd")).toBeUndefined();
  });

  it.each(["systemd", "cgroupfs"] as const)("of %s tell UIDs apart that differ in dashes and underscores only", (driver) => {
    const uids = ["a-b_c", "a_b-c", "a-b-c", "a_b_c"];
    const names = uids.map((uid) => podCgroupDirectory({ driver, qosClass: "BestEffort", uid }).split("/").at(-1) ?? "");
    expect(new Set(names).size).toBe(uids.length);
    expect(names.map((name) => parsePodCgroupName(name, driver))).toEqual(uids);
  });

  it.each([
    ["-.slice", "/"],
    ["a.slice", "/a.slice"],
    ["a-b_c-d.slice", "/a.slice/a-b_c.slice/a-b_c-d.slice"],
    ["a--b.slice", undefined],
    ["-a.slice", undefined],
    [".slice", undefined],
    ["a/b.slice", undefined],
    ["a.scope", undefined],
  ])("the slice %s lies at %s", (name, directory) => expect(sliceDirectory(name)).toBe(directory));
});
