import { expect, it } from "vitest";
import { parseMountTable } from "./mount-table.ts";

it("reads mount points with blanks, and whether a mount is shared", () => {
  const text = [
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard",
    "90 27 0:50 / /tmp/a\\040b rw,relatime shared:7 master:2 - overlay overlay rw,lowerdir=/l,upperdir=/u",
    "91 27 0:51 / /dev/pts rw - devpts devpts rw",
    "",
  ].join("\n");
  expect(parseMountTable(text)).toEqual([
    { root: "/", mountPoint: "/", fsType: "ext4", superOptions: "rw,discard", isShared: true },
    { root: "/", mountPoint: "/tmp/a b", fsType: "overlay", superOptions: "rw,lowerdir=/l,upperdir=/u", isShared: true },
    { root: "/", mountPoint: "/dev/pts", fsType: "devpts", superOptions: "rw", isShared: false },
  ]);
});
