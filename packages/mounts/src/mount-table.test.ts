import { appendFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseMountTable, readMountTable } from "./index.ts";
import { createMountTableReader } from "./mount-table.ts";

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

  it("is read for one directory as it is for all", async () => {
    const dir = await mkdtemp(join(tmpdir(), "nk-table-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const lines = [
      TABLE,
      ...["/mnt/a", "/mnt/a/b", "/mnt/ab", "/mnt/a", "/x/mnt/a"].map((path) => `50 27 0:41 /mnt/a ${path} rw - tmpfs t rw`),
    ];
    await writeFile(join(dir, "mountinfo"), lines.join("\n"));
    const all = await readMountTable(join(dir, "mountinfo"));
    const below = async (path: string): Promise<readonly string[]> =>
      (await readMountTable(join(dir, "mountinfo"), path)).map(({ mountPoint }) => mountPoint);
    expect(await below("/mnt/a")).toEqual(["/mnt/a", "/mnt/a/b", "/mnt/a"]);
    expect(await below("/mnt/a\tb\\cü")).toEqual(["/mnt/a\tb\\cü"]);
    expect(await below("/mnt")).toEqual(all.flatMap(({ mountPoint }) => (mountPoint.startsWith("/mnt/") ? [mountPoint] : [])));
    expect(await below("/nothing")).toEqual([]);
    expect(await below("/")).toEqual(all.map(({ mountPoint }) => mountPoint));
  });

  it("that cannot be read is an error with a code", async () => {
    await expect(readMountTable("/nowhere/mountinfo")).rejects.toMatchObject({ code: "table-unreadable" });
  });

  it("shows everybody at least what was mounted when they asked, however many ask at once", async () => {
    const dir = await mkdtemp(join(tmpdir(), "nk-mounts-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const path = join(dir, "mountinfo");
    const read = createMountTableReader(path);
    await expect(Promise.all([read(), read()])).rejects.toMatchObject({ code: "table-unreadable" });
    const answers: Promise<number>[] = [];
    for (let count = 1; count <= 200; count += 1) {
      appendFileSync(path, `${count} 1 0:1 / /mnt/${count} rw - tmpfs t rw\n`);
      answers.push(read("/mnt").then((found) => found.length));
      if (count % 7 === 0) await answers.at(-3);
    }
    const seen = await Promise.all(answers);
    expect(seen.filter((length, index) => length < index + 1)).toEqual([]);
  });
});
