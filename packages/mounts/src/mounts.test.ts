import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMounts } from "./index.ts";
import type { Mounts } from "./index.ts";

let dir = "";
let root = "";
let table = "";

/** A program that notes its arguments in place of mounting; `body` runs after that. */
const writeProgram = async (name: string, body = ""): Promise<string> => {
  const path = join(dir, name);
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${dir}/calls\n${body}\n`);
  await chmod(path, 0o755);
  return path;
};

const calls = async (): Promise<readonly string[]> => {
  try {
    return (await readFile(join(dir, "calls"), "utf8")).trim().split("\n");
  } catch {
    return [];
  }
};

const mountsWith = async (
  bodies: { readonly mount?: string; readonly umount?: string; readonly timeoutMs?: number; readonly clock?: Clock } = {},
): Promise<Mounts> =>
  createMounts({
    rootDir: root,
    mountInfoPath: table,
    mountCommand: await writeProgram("mount", bodies.mount),
    umountCommand: await writeProgram("umount", bodies.umount),
    ...(bodies.timeoutMs !== undefined && { timeoutMs: bodies.timeoutMs }),
    ...(bodies.clock !== undefined && { clock: bodies.clock }),
  });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-mounts-"));
  root = join(dir, "root");
  table = join(dir, "mountinfo");
  await mkdir(join(root, "a"), { recursive: true });
  await writeFile(table, "");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const entry = (path: string, fsType = "tmpfs"): string => `42 27 0:39 / ${path} rw - ${fsType} ${fsType} rw\n`;

describe("mounts", () => {
  it("are made with the options of the request, out of swap", async () => {
    const mounts = await mountsWith();
    await mounts.mountTmpfs({ target: join(root, "a"), sizeBytes: 1048576n, mode: 0o1777 });
    expect(await calls()).toEqual([`mount --no-canonicalize --internal-only -t tmpfs -o size=1048576,mode=1777,noswap tmpfs ${root}/a`]);
  });

  it("go into swap where the kernel knows no other way, and the kernel is asked once", async () => {
    const mounts = await mountsWith({ mount: 'case "$*" in *noswap*) exit 32;; esac' });
    await mounts.mountTmpfs({ target: join(root, "a") });
    await mounts.mountTmpfs({ target: join(root, "a") });
    expect((await calls()).map((line) => line.includes("noswap"))).toEqual([true, false, false]);
  });

  it("do not go into swap because the program that was to make them did not answer", async () => {
    const clock = createFakeClock();
    const mounts = await mountsWith({ mount: 'case "$*" in *noswap*) exec sleep 600;; esac', clock });
    const seen = expect(mounts.mountTmpfs({ target: join(root, "a") })).rejects.toMatchObject({ code: "mount-failed" });
    await expect.poll(calls).toHaveLength(1);
    await clock.advance(60_000);
    await seen;
    expect((await calls()).map((line) => line.includes("noswap"))).toEqual([true]);
  });

  it("are not made twice", async () => {
    const mounts = await mountsWith();
    await writeFile(table, entry(join(root, "a")));
    await mounts.mountTmpfs({ target: join(root, "a") });
    expect(await calls()).toEqual([]);
  });

  it.each(["", "var/lib", "./x", undefined as unknown as string])("are refused below %j, which is no absolute path", (rootDir) =>
    expect(() => createMounts({ rootDir })).toThrow(expect.objectContaining({ name: "MountsError", code: "invalid-path" }) as Error),
  );

  it("are not made or ended outside the root, however the path is spelled", async () => {
    const mounts = await mountsWith();
    await mkdir(join(dir, "outside/inner"), { recursive: true });
    await symlink(join(dir, "outside"), join(root, "link"));
    const targets = [join(dir, "outside"), `${root}/../outside`, join(root, "link/inner"), `${root}2`, "relative", "/"];
    await mkdir(`${root}2`);
    for (const target of targets) {
      await expect(mounts.mountTmpfs({ target }), target).rejects.toMatchObject({ name: "MountsError" });
      await expect(mounts.bind({ source: "/", target }), target).rejects.toMatchObject({ name: "MountsError" });
      await expect(mounts.setPropagation(target, "rshared"), target).rejects.toMatchObject({ name: "MountsError" });
    }
    await writeFile(table, entry(join(dir, "outside/inner")));
    await expect(mounts.unmount(join(root, "link/inner"))).rejects.toMatchObject({ code: "outside-root" });
    await expect(mounts.mountTmpfs({ target: join(root, "link") })).rejects.toMatchObject({ code: "invalid-path" });
    expect(await calls()).toEqual([]);
  });

  it("are ended until nothing is stacked there, and not at all where nothing is mounted", async () => {
    const mounts = await mountsWith({ umount: `sed -i 1d ${table}` });
    await mounts.unmount(join(root, "a"));
    await mounts.unmount(join(root, "missing"));
    expect(await calls()).toEqual([]);
    await writeFile(table, entry(join(root, "a")) + entry(join(root, "a")));
    await mounts.unmount(join(root, "a"));
    expect(await calls()).toHaveLength(2);
  });

  it("that are in use are detached only where that was asked for", async () => {
    const mounts = await mountsWith({
      umount: `case "$*" in *" -l "*) : > ${table};; *) echo "umount: target is busy" >&2; exit 32;; esac`,
    });
    await writeFile(table, entry(join(root, "a")));
    await expect(mounts.unmount(join(root, "a"))).rejects.toMatchObject({
      code: "unmount-failed",
      message: expect.stringContaining("busy"),
    });
    await mounts.unmount(join(root, "a"), { detach: true });
    expect((await calls()).at(-1)).toContain(` -l ${root}/a`);
  });

  it("fail with what the program said, or when it takes too long, or cannot be started", async () => {
    const failing = await mountsWith({ mount: 'echo "mount: bad thing" >&2; exit 32' });
    await expect(failing.mountTmpfs({ target: join(root, "a"), noswap: false })).rejects.toMatchObject({
      code: "mount-failed",
      message: `mounting a tmpfs on ${root}/a failed: mount: bad thing`,
    });
    const slow = await mountsWith({ mount: "exec sleep 60", timeoutMs: 50 });
    await expect(slow.bind({ source: "/", target: join(root, "a") })).rejects.toMatchObject({ code: "mount-failed" });
    const none = createMounts({ rootDir: root, mountInfoPath: table, mountCommand: join(dir, "missing") });
    await expect(none.bind({ source: "/", target: join(root, "a") })).rejects.toMatchObject({ code: "mount-failed" });
  });

  it("are listed below a directory, whatever name it is given by", async () => {
    const mounts = await mountsWith();
    await symlink(root, join(dir, "name"));
    await writeFile(table, entry(root) + entry(join(root, "a")) + entry(`${root}-b`));
    expect((await mounts.list({ below: join(dir, "name") })).map(({ mountPoint }) => mountPoint)).toEqual([root, join(root, "a")]);
    expect(await mounts.list({ below: join(dir, "missing") })).toEqual([]);
    expect((await mounts.find(join(dir, "name/a")))?.mountPoint).toBe(join(root, "a"));
  });

  it("of the root are shared once", async () => {
    const mounts = await mountsWith();
    await mounts.ensureSharedRoot();
    expect(await calls()).toEqual([
      `mount --no-canonicalize --internal-only -o rbind ${root} ${root}`,
      `mount --no-canonicalize --internal-only --make-rshared ${root}`,
    ]);
    await writeFile(table, `42 27 0:39 / ${root} rw shared:7 - ext4 /dev/vda rw\n`);
    await mounts.ensureSharedRoot();
    expect(await calls()).toHaveLength(2);
  });

  it("that are asked for while another is being made are made together", async () => {
    const mounts = await mountsWith({
      mount: `[ "$3" != "--all" ] || cat "$5" >> ${dir}/fstab\nwhile [ ! -e ${dir}/go ]; do sleep 0.01; done`,
    });
    const names = ["b", "with blank", "d"];
    await Promise.all(names.map((name) => mkdir(join(root, name))));
    const mountOf = (name: string): Promise<void> => mounts.mountTmpfs({ target: join(root, name), sizeBytes: 4096n });
    const first = mountOf("a");
    await expect.poll(async () => (await calls()).length).toBe(1);
    const rest = names.map(mountOf);
    await writeFile(join(dir, "go"), "");
    await Promise.all([first, ...rest]);
    // Whether one of them comes before the first has ended is chance; each is mounted once, by itself or with others.
    const alone = (await calls()).filter((call) => !call.includes(" --all "));
    expect(alone[0]).toBe(`mount --no-canonicalize --internal-only -t tmpfs -o size=4096,noswap tmpfs ${root}/a`);
    const together = (await readFile(join(dir, "fstab"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
    expect([...alone.slice(1).map((call) => call.replace(/^.* tmpfs (?=\/)/u, "")), ...together].toSorted()).toEqual(
      names
        .map((name) => {
          const line = `tmpfs ${root}/${name.replace(" ", String.raw`\040`)} tmpfs size=4096,noswap 0 0`;
          return together.includes(line) ? line : `${root}/${name}`;
        })
        .toSorted(),
    );
    expect(await readdir(root)).toEqual(["a", ...names].toSorted());
  });

  it("are tried one by one when they cannot be made together, and only who failed is told", async () => {
    const mounts = await mountsWith({ mount: 'case "$*" in *--all*) exit 64;; */c) echo "mount: c is bad" >&2; exit 32;; esac' });
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => mkdir(join(root, name), { recursive: true })));
    const results = await Promise.allSettled(names.map((name) => mounts.mountTmpfs({ target: join(root, name), noswap: false })));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(results[2]).toMatchObject({
      reason: { code: "mount-failed", message: `mounting a tmpfs on ${root}/c failed: mount: c is bad` },
    });
  });

  it("are not made for who gave up while another was being made", async () => {
    const mounts = await mountsWith({ mount: `while [ ! -e ${dir}/go ]; do sleep 0.01; done` });
    await mkdir(join(root, "b"));
    const abort = new AbortController();
    const first = mounts.mountTmpfs({ target: join(root, "a") });
    await expect.poll(async () => (await calls()).length).toBe(1);
    const second = mounts.mountTmpfs({ target: join(root, "b") }, { signal: abort.signal });
    abort.abort(new Error("the pod is gone"));
    await expect(second).rejects.toThrow("the pod is gone");
    await writeFile(join(dir, "go"), "");
    await first;
    expect(await calls()).toEqual([`mount --no-canonicalize --internal-only -t tmpfs -o noswap tmpfs ${root}/a`]);
  });

  it("are looked for no longer than the caller wants, though the kernel keeps the table back", async () => {
    // A pipe that nobody writes to.
    await rm(table);
    const made = await runSubprocess(["mkfifo", table], { timeoutMs: 5_000 });
    expect(made.exitCode).toBe(0);
    const mounts = await mountsWith();
    const abort = new AbortController();
    const answers = Promise.allSettled([
      mounts.list({ signal: abort.signal }),
      mounts.find(join(root, "a"), { signal: abort.signal }),
      mounts.mountTmpfs({ target: join(root, "a") }, { signal: abort.signal }),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort(new Error("the pod is gone"));
    const reasons = (await answers).map((answer) => (answer.status === "rejected" ? String(answer.reason) : "answered"));
    // Ends the read that is under way, and the one that waits for it finds a file.
    const writer = await open(table, "w");
    await rm(table);
    await writeFile(table, "");
    await writer.close();
    expect(reasons).toEqual(Array.from({ length: 3 }, () => "Error: the pod is gone"));
  });
});
