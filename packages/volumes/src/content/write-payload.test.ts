import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, createSeededRandom } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkPayload, digestPayload } from "./payload.ts";
import type { Payload } from "./payload.ts";
import { WRITE_STEPS, writePayload } from "./write-payload.ts";
import type { WriteOptions, WriteStep } from "./write-payload.ts";

let dir = "";
let umask = 0;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-payload-"));
  umask = process.umask(0o077);
});
afterEach(async () => {
  process.umask(umask);
  await rm(dir, { recursive: true, force: true });
});

const clock = createFakeClock({ startMs: Date.UTC(2026, 10, 21, 5, 4, 3) });
const random = createSeededRandom(7);

const payloadOf = (files: { readonly [path: string]: string }, mode = 0o644): Payload =>
  checkPayload(new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }])), 1e6);

const write = (files: { readonly [path: string]: string }, options: Partial<WriteOptions> = {}): Promise<{ readonly isWritten: boolean }> =>
  writePayload(dir, payloadOf(files), { clock, random, ...options });

/** What a container sees: visible names with their content, by path. */
const readVisible = async (directory = dir): Promise<{ readonly [path: string]: string }> => {
  const found: { [path: string]: string } = {};
  const visit = async (path: string, name: string): Promise<void> => {
    if ((await stat(path)).isDirectory()) for (const child of await readdir(path)) await visit(join(path, child), `${name}/${child}`);
    else found[name] = await readFile(path, "utf8");
  };
  // A link whose file is gone names nothing that can be opened.
  for (const name of await readdir(directory))
    if (!name.startsWith("..") && existsSync(join(directory, name))) await visit(join(directory, name), name);
  return found;
};

describe("writing a payload", () => {
  it("has the layout of the reference", async () => {
    await write({ labels: "l", "nested/deep/u": "u", "nested/v": "v" });
    const entries = (await readdir(dir)).toSorted();
    expect(entries).toEqual([expect.stringMatching(/^\.\.2026_11_21_05_04_03\.\d+$/), "..data", "labels", "nested"]);
    expect(await readlink(join(dir, "..data"))).toBe(entries[0]);
    expect(await readlink(join(dir, "labels"))).toBe("..data/labels");
    expect(await readlink(join(dir, "nested"))).toBe("..data/nested");
    expect(await readVisible()).toEqual({ labels: "l", "nested/deep/u": "u", "nested/v": "v" });
  });

  it("lets others have their turn while many files are written or compared, in memory, too", async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, "x"]));
    for (const isWritten of [true, false]) {
      let turns = 0;
      const count = (): void => {
        turns += 1;
        next = setImmediate(count);
      };
      let next = setImmediate(count);
      expect(await write(files, { inMemory: true })).toEqual({ isWritten });
      clearImmediate(next);
      expect(turns).toBeGreaterThan(100);
    }
  });

  it("gives files and directories their modes exactly, whatever the umask", async () => {
    await writePayload(dir, new Map([["a/b", { data: Buffer.from("x"), mode: 0o666 }]]), { clock, random });
    expect((await stat(join(dir, "a/b"))).mode & 0o7777).toBe(0o666);
    expect((await stat(join(dir, "a"))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(dir, "..data"))).mode & 0o7777).toBe(0o755);
  });

  it("replaces all files at once and leaves nothing of the old ones", async () => {
    await write({ a: "1", b: "1", "c/d": "1" });
    const before = await readlink(join(dir, "..data"));
    expect(await write({ a: "2", e: "2" })).toEqual({ isWritten: true });
    expect(await readVisible()).toEqual({ a: "2", e: "2" });
    expect(await readdir(dir)).not.toContain(before);
    expect((await readdir(dir)).filter((name) => name.startsWith(".."))).toHaveLength(2);
  });

  it("writes nothing when nothing changed, not even a link", async () => {
    await write({ a: "1" });
    const before = await readlink(join(dir, "..data"));
    const { mtimeMs } = await lstat(dir);
    expect(await write({ a: "1" })).toEqual({ isWritten: false });
    expect(await readlink(join(dir, "..data"))).toBe(before);
    expect((await lstat(dir)).mtimeMs).toBe(mtimeMs);
  });

  it("writes again when only a mode, or only a file too many, differs", async () => {
    await write({ a: "1", b: "1" });
    expect(await write({ a: "1" })).toEqual({ isWritten: true });
    expect(await writePayload(dir, payloadOf({ a: "1" }, 0o400), { clock, random })).toEqual({ isWritten: true });
    expect((await stat(join(dir, "a"))).mode & 0o777).toBe(0o400);
  });

  it("does not pile up what attempts that failed have written: where there is no room, that would leave less and less", async () => {
    await write({ a: "1" });
    const failing = {
      atStep: (step: WriteStep): void => {
        if (step === "set-ownership") throw new Error("no space left on device");
      },
    };
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(write({ a: "2" }, failing)).rejects.toThrow("no space left on device");
    const generations = (await readdir(dir)).filter((name) => name.startsWith("..2026"));
    expect(generations).toHaveLength(2);
    expect(generations).toContain(await readlink(join(dir, "..data")));
    expect(await readVisible()).toEqual({ a: "1" });
  });

  it("begins with the room that a kubelet which died has taken", async () => {
    await write({ a: "1" });
    const left = "..2026_11_21_00_00_00.1";
    await mkdir(join(dir, left));
    let found: readonly string[] = [];
    const look = {
      setOwnership: async (): Promise<void> => {
        found = await readdir(dir);
      },
    };
    await write({ a: "2" }, look);
    expect(found).toContain("..data");
    expect(found).not.toContain(left);
  });

  it("writes an empty volume", async () => {
    await write({ a: "1" });
    await write({});
    expect(await readVisible()).toEqual({});
    expect(await readdir(dir)).toHaveLength(2);
  });

  it("leaves directories and links that are not its own", async () => {
    await mkdir(join(dir, "mounted-below"));
    await symlink("/somewhere", join(dir, "foreign"));
    await write({ a: "1", "mounted-below": "hidden" });
    await write({});
    expect((await readdir(dir)).filter((name) => !name.startsWith("..")).toSorted()).toEqual(["foreign", "mounted-below"]);
  });

  it("replaces a data link that leads elsewhere and removes nothing there", async () => {
    await mkdir(join(dir, "keep"));
    await writeFile(join(dir, "keep/file"), "");
    await symlink("keep", join(dir, "..data"));
    await write({ a: "1" });
    expect(await readdir(join(dir, "keep"))).toEqual(["file"]);
    expect((await readVisible())["a"]).toBe("1");
  });

  it("fails when one name is both a file and a directory", async () => {
    await expect(write({ a: "1", "a/b": "2" })).rejects.toMatchObject({ code: "write-failed" });
  });

  const first = { a: "1", "n/x": "1", gone: "1" };
  const second = { a: "2", "n/y": "2", fresh: "2" };

  it.each(WRITE_STEPS.flatMap((step) => [0, 1, 2].map((nth) => [step, nth] as const)))(
    "shows the old files or the new ones after a death before %s (%i times passed), and the next write converges",
    async (deadly, nth) => {
      await write(first);
      let passed = 0;
      const atStep = (step: WriteStep): void => {
        if (step !== deadly) return;
        if (passed === nth) throw new Error("killed");
        passed += 1;
      };
      const isDead = await write(second, { atStep }).then(
        () => false,
        () => true,
      );
      const seen = await readVisible();
      // Between the switch and the links a name that is new may be missing; never are there files of both.
      const { fresh: _fresh, ...unlinked } = second;
      expect([first, second, unlinked]).toContainEqual(seen);
      await write(second);
      expect(await readVisible()).toEqual(second);
      expect((await readdir(dir)).toSorted()).toEqual([await readlink(join(dir, "..data")), "..data", "a", "fresh", "n"]);
      expect(isDead || nth > 0).toBe(true);
    },
  );

  it("goes back to the old files when the change is taken back after a death", async () => {
    for (const deadly of WRITE_STEPS) {
      await write(first);
      await write(second, {
        atStep: (step) => {
          if (step === deadly) throw new Error("killed");
        },
      }).catch(() => undefined);
      await write(first);
      expect(await readVisible()).toEqual(first);
      expect(await readdir(dir)).toHaveLength(5);
    }
  });
});

describe("a payload", () => {
  it.each([
    ["", 'must not be empty: ""'],
    ["/abs", "must be relative path: /abs"],
    ["a/../b", "must not contain '..': a/../b"],
    ["..", "must not contain '..': .."],
    ["..hidden", "must not start with '..': ..hidden"],
    ["./..data/x", "must not start with '..': ./..data/x"],
    ["a/".repeat(2100), "must be less than or equal to 4096 characters"],
    ["x".repeat(256), "filenames must be less than or equal to 255 characters"],
    ["a\0b", "must not contain NUL"],
    ["./", "must name a file: ./"],
  ])("refuses the path %j", (path, why) => {
    expect(() => payloadOf({ [path]: "x" })).toThrow(`invalid path: ${why}`);
  });

  it("takes names that only look odd, in one spelling", () => {
    expect([...payloadOf({ "a//b/./c": "", "d..": "", "e/..f": "", ".hidden": "" }).keys()]).toEqual(["a/b/c", "d..", "e/..f", ".hidden"]);
  });

  it("has a limit", () => {
    expect(() => checkPayload(new Map([["a", { data: new Uint8Array(11), mode: 0o644 }]]), 10)).toThrow("more than the limit of 10");
  });

  it("is told from another by path, content, mode and owner, and not by order", () => {
    const a = { data: Buffer.from("1"), mode: 0o644 };
    const digest = digestPayload(
      new Map([
        ["a", a],
        ["b", a],
      ]),
    );
    expect(
      digestPayload(
        new Map([
          ["b", a],
          ["a", a],
        ]),
      ),
    ).toBe(digest);
    for (const other of [
      { ...a, mode: 0o600 },
      { ...a, uid: 5 },
      { ...a, data: Buffer.from("2") },
    ]) {
      expect(
        digestPayload(
          new Map([
            ["a", a],
            ["b", other],
          ]),
        ),
      ).not.toBe(digest);
    }
  });
});
