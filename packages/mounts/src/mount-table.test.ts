import { describe, expect, it } from "vitest";
import { parseMountTable, readMountTable } from "./index.ts";

const TABLE = [
  "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard",
  "42 27 0:39 / /var/lib/kubelet/pods/u1/volumes/kubernetes.io~secret/a rw,relatime shared:21 master:2 - tmpfs tmpfs rw,size=1024k,noswap",
  String.raw`43 27 254:0 /data/with\040blank /mnt/a\011b\134c\303\274 ro - ext4 /dev/vda ro`,
  "44 27 0:40 / /un rw unbindable - tmpfs none rw",
  "a broken line",
  "",
].join("\n");

describe("a mount table", () => {
  it("is read with all its fields", () => {
    const [root, secret, bound, unbindable, ...more] = parseMountTable(TABLE);
    expect(root).toMatchObject({ id: 27, parentId: 1, device: "254:0", mountPoint: "/", fsType: "ext4", source: "/dev/vda" });
    expect(root?.propagation).toBe("shared");
    expect(secret).toMatchObject({ fsType: "tmpfs", propagation: "shared-and-slave", superOptions: ["rw", "size=1024k", "noswap"] });
    expect(bound).toMatchObject({ root: "/data/with blank", mountPoint: "/mnt/a\tb\\cü", options: ["ro"], propagation: "private" });
    expect(unbindable?.propagation).toBe("unbindable");
    expect(more).toEqual([]);
  });

  it("that cannot be read is an error with a code", async () => {
    await expect(readMountTable("/nowhere/mountinfo")).rejects.toMatchObject({ code: "table-unreadable" });
  });
});
