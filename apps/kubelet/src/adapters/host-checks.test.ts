import { expect, it } from "vitest";
import { reportHost } from "./host-checks.ts";

it.each([
  [
    1,
    [
      "Warning CgroupV1 cgroup v1 detected. cgroup v1 support is deprecated and will be removed in a future release. Please migrate to " +
        "cgroup v2. More information at https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1",
    ],
  ],
  [2, []],
] as const)("tells the node once of a machine with cgroup v%i what the reference tells", (cgroupVersion, expected) => {
  const told: string[] = [];
  reportHost({ cgroupVersion }, { recordNode: ({ type, reason, message }) => told.push(`${type} ${reason} ${message}`) });
  expect(told).toEqual(expected);
});
