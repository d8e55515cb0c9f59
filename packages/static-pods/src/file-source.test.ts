import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { appendFile, mkdir, open, rename, rm, symlink, truncate, unlink } from "node:fs/promises";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { commandsOf, makeDirectory, manifest, namesOf, runFileSource } from "../test/running-source.ts";
import { createFileSource } from "./file-source.ts";

// Files are written in one go, without a turn of the event loop between emptying and writing: one that stays empty for longer than the
// source waits for its writer is reported, and rightly so.
describe("createFileSource", () => {
  it("reports what is there first, sorted, without hidden files and sub-directories", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("b.yaml"), manifest("b"));
    writeFileSync(dir.at("a.txt"), manifest("a"));
    writeFileSync(dir.at(".hidden.yaml"), manifest("hidden"));
    await mkdir(dir.at("c.yaml"));
    await using source = runFileSource(dir.path);
    const first = await source.until(() => true);
    expect(namesOf(first)).toBe("a b");
    expect(first).toMatchObject({ source: "file", problems: [] });
    expect(source.snapshots).toHaveLength(1);
  });

  it("sees files written, changed, renamed and removed, and keeps the others as they are", async () => {
    await using dir = await makeDirectory();
    await using source = runFileSource(dir.path);
    expect((await source.until(() => true)).pods).toEqual([]);
    writeFileSync(dir.at("a.yaml"), manifest("a"));
    const a = await source.until((s) => namesOf(s) === "a");
    writeFileSync(dir.at("b.yaml"), manifest("b"));
    const both = await source.until((s) => namesOf(s) === "a b");
    expect(both.pods[0]).toBe(a.pods[0]);
    writeFileSync(dir.at("a.yaml"), manifest("a", "y"));
    const changed = await source.until((s) => commandsOf(s) === "y x");
    expect(changed.pods[0]?.metadata?.uid).not.toBe(a.pods[0]?.metadata?.uid);
    await rename(dir.at("b.yaml"), dir.at("c.yaml"));
    const renamed = await source.until((s) => s.pods[1] !== undefined && s.pods[1].metadata?.uid !== both.pods[1]?.metadata?.uid);
    expect(namesOf(renamed)).toBe("a b");
    await unlink(dir.at("a.yaml"));
    await source.until((s) => namesOf(s) === "b");
    writeFileSync(dir.at(".new"), manifest("a"));
    await rename(dir.at(".new"), dir.at("a.yaml"));
    const back = await source.until((s) => namesOf(s) === "a b");
    expect(back.pods[0]?.metadata?.uid).toBe(a.pods[0]?.metadata?.uid);
    expect(source.problems).toEqual([]);
  });

  it("says nothing when a file is written again with the same content or layout", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("a.yaml"), manifest("a"));
    await using source = runFileSource(dir.path);
    await source.until((s) => namesOf(s) === "a");
    writeFileSync(dir.at("a.yaml"), manifest("a"));
    writeFileSync(dir.at("a.yaml"), `# comment\n${manifest("a")}\n`);
    writeFileSync(dir.at("b.yaml"), manifest("b"));
    await source.until((s) => namesOf(s) === "a b");
    expect(source.snapshots).toHaveLength(2);
  });

  it("keeps the old version of a file that turns bad, and the other files running", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("a.yaml"), manifest("a"));
    writeFileSync(dir.at("b.yaml"), manifest("b"));
    await using source = runFileSource(dir.path);
    await source.until((s) => namesOf(s) === "a b");
    writeFileSync(dir.at("a.yaml"), "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - imagee: x\n");
    const bad = await source.until((s) => s.problems.length > 0);
    expect(namesOf(bad)).toBe("a b");
    expect(bad.problems[0]).toMatchObject({ location: dir.at("a.yaml"), line: 6, field: "spec.containers[0].imagee" });
    writeFileSync(dir.at("a.yaml"), manifest("a", "new"));
    const good = await source.until((s) => s.problems.length === 0);
    expect(commandsOf(good)).toBe("new x");
    writeFileSync(dir.at("a.yaml"), "{ not json");
    await source.until((s) => s.problems.length > 0);
    await unlink(dir.at("a.yaml"));
    const gone = await source.until((s) => s.problems.length === 0);
    expect(namesOf(gone)).toBe("b");
  });

  it("takes nothing from a file whose first version is bad, not even its good documents", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("a.yaml"), `${manifest("a")}\n---\n${manifest("")}`);
    await using source = runFileSource(dir.path);
    const first = await source.until(() => true);
    expect(first.pods).toEqual([]);
    expect(first.problems).toMatchObject([{ line: 3, field: "metadata.name" }]);
  });

  it("names a dangling link, a directory link, a fifo, a binary and an oversized file, and reads the rest", async () => {
    await using dir = await makeDirectory();
    await symlink("/nowhere/at/all", dir.at("dangling.yaml"));
    await symlink("/tmp", dir.at("directory.yaml"));
    execFileSync("mkfifo", [dir.at("fifo.yaml")]);
    writeFileSync(dir.at("binary.yaml"), Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    writeFileSync(dir.at("large.yaml"), "");
    await truncate(dir.at("large.yaml"), 11 * 1024 * 1024);
    writeFileSync(dir.at("ok.yaml"), manifest("ok"));
    await using source = runFileSource(dir.path);
    const first = await source.until(() => true);
    expect(namesOf(first)).toBe("ok");
    expect(first.problems.map(({ location, message }) => [location.replace(`${dir.path}/`, ""), message])).toEqual([
      ["binary.yaml", "file is not UTF-8 text"],
      ["dangling.yaml", "symbolic link points to a file that does not exist"],
      ["fifo.yaml", "not a regular file"],
      ["large.yaml", "file is larger than the limit of 10485760 bytes"],
    ]);
  });

  it("tells once of a file that is too large, however it goes on growing", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("large.yaml"), "");
    await truncate(dir.at("large.yaml"), 11 * 1024 * 1024);
    await using source = runFileSource(dir.path);
    await source.untilProblem(/larger than the limit/u);
    for (const n of [12, 13]) {
      await truncate(dir.at("large.yaml"), n * 1024 * 1024);
      // Written later, read later: then the other has been looked at again.
      writeFileSync(dir.at(`ok-${n}.yaml`), manifest(`ok-${n}`));
      await source.until((snapshot) => namesOf(snapshot).includes(`ok-${n}`));
    }
    expect(source.problems.map(({ message }) => message)).toEqual(["file is larger than the limit of 10485760 bytes"]);
  });

  it("waits for a file that grows in pieces, and never takes a part for the whole", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("a.yaml"), manifest("a"));
    await using source = runFileSource(dir.path);
    await source.until((s) => namesOf(s) === "a");
    const head =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: c, image: i, command: [one]}\n  - {name: d, ima";
    const file = await open(dir.at("a.yaml"), "w");
    await file.write(head);
    await file.sync();
    await file.write("ge: i}\n");
    await file.close();
    const whole = await source.until((s) => commandsOf(s) === "one");
    expect(whole.pods[0]?.spec?.containers).toHaveLength(2);
    expect(source.snapshots.some((s) => s.pods.length === 0)).toBe(false);
  });

  it("keeps the running pod when a copy of its file appears, and lets the copy in when the file goes", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("b.yaml"), manifest("x", "first"));
    await using source = runFileSource(dir.path);
    const first = await source.until((s) => commandsOf(s) === "first");
    writeFileSync(dir.at("a.yaml"), manifest("x", "second"));
    const both = await source.until((s) => s.problems.length > 0);
    expect(both.pods).toEqual(first.pods);
    expect(both.problems).toMatchObject([
      { location: dir.at("a.yaml"), field: "metadata.name", message: expect.stringContaining("b.yaml") },
    ]);
    await unlink(dir.at("b.yaml"));
    expect((await source.until((s) => commandsOf(s) === "second")).problems).toEqual([]);
  });

  it("follows Kubernetes' atomic writer", async () => {
    await using dir = await makeDirectory();
    for (const [version, command] of [
      ["..v1", "one"],
      ["..v2", "two"],
    ] as const) {
      await mkdir(dir.at(version));
      writeFileSync(dir.at(`${version}/a.yaml`), manifest("a", command));
    }
    await symlink("..v1", dir.at("..data"));
    await symlink("..data/a.yaml", dir.at("a.yaml"));
    await using source = runFileSource(dir.path);
    await source.until((s) => commandsOf(s) === "one");
    await symlink("..v2", dir.at("..data_tmp"));
    await rename(dir.at("..data_tmp"), dir.at("..data"));
    expect((await source.until((s) => commandsOf(s) === "two")).problems).toEqual([]);
  });

  it("wants nothing of a missing directory, and finds it when it appears, disappears and appears again", async () => {
    await using dir = await makeDirectory();
    const path = dir.at("etc/kubernetes/manifests");
    await using source = runFileSource(path);
    expect(await source.until(() => true)).toEqual({ source: "file", pods: [], problems: [] });
    for (const command of ["one", "two"]) {
      await mkdir(path, { recursive: true });
      writeFileSync(`${path}/a.yaml`, manifest("a", command));
      await source.until((s) => commandsOf(s) === command);
      await rm(dir.at("etc"), { recursive: true });
      await source.until((s) => s.pods.length === 0);
    }
    expect(source.problems).toEqual([]);
  });

  it("follows a directory that is replaced", async () => {
    await using dir = await makeDirectory();
    await mkdir(dir.at("m"));
    await mkdir(dir.at("new"));
    writeFileSync(dir.at("new/b.yaml"), manifest("b"));
    await using source = runFileSource(dir.at("m"));
    await source.until(() => true);
    await rename(dir.at("m"), dir.at("old"));
    await rename(dir.at("new"), dir.at("m"));
    await source.until((s) => namesOf(s) === "b");
    writeFileSync(dir.at("m/a.yaml"), manifest("a"));
    expect((await source.until((s) => namesOf(s) === "a b")).problems).toEqual([]);
  });

  it("reads a single file: written in place, replaced, removed", async () => {
    await using dir = await makeDirectory();
    const path = dir.at(".pod.yaml");
    await using source = runFileSource(path);
    await source.until((s) => s.pods.length === 0);
    writeFileSync(path, manifest("a", "one"));
    await source.until((s) => commandsOf(s) === "one");
    writeFileSync(dir.at("next"), manifest("a", "two"));
    await rename(dir.at("next"), path);
    await source.until((s) => commandsOf(s) === "two");
    await appendFile(path, `\n---\n${manifest("b")}\n`);
    await source.until((s) => namesOf(s) === "a b");
    await unlink(path);
    expect((await source.until((s) => s.pods.length === 0)).problems).toEqual([]);
  });

  it("finds without inotify, at the next recheck, what changed behind a link", async () => {
    await using dir = await makeDirectory();
    await mkdir(dir.at("m"));
    writeFileSync(dir.at("target"), manifest("a", "one"));
    await symlink(dir.at("target"), dir.at("m/a.yaml"));
    await using source = runFileSource(dir.at("m"), { recheckMs: 100 });
    await source.until((s) => commandsOf(s) === "one");
    writeFileSync(dir.at("target"), manifest("a", "two"));
    expect((await source.until((s) => commandsOf(s) === "two")).problems).toEqual([]);
  });

  it("counts the bound of files and says what is beyond it", async () => {
    await using dir = await makeDirectory();
    for (const name of ["a", "b", "c"]) writeFileSync(dir.at(name), manifest(name));
    await using source = runFileSource(dir.path, { maxFiles: 2 });
    const first = await source.until(() => true);
    expect(namesOf(first)).toBe("a b");
    expect(first.problems).toEqual([{ location: dir.path, message: "holds 3 files, of which only 2 are read" }]);
  });

  it("measures pods and problems, and takes the time from its clock", async () => {
    await using dir = await makeDirectory();
    writeFileSync(dir.at("a.yaml"), `${manifest("a")}\n`);
    const metrics = createRecordingMetrics();
    const clock = createFakeClock({ startMs: 1_795_255_475_262 });
    await using source = runFileSource(dir.path, { clock, metrics });
    const { pods } = await source.until(() => true);
    expect(pods[0]?.metadata?.annotations?.["kubernetes.io/config.seen"]).toBe("2026-11-21T10:04:35.262000000Z");
    expect(metrics.value("nk_static_pods", { source: "file" })).toBe(1);
  });

  it("refuses a relative path and an empty node name", () => {
    expect(() => createFileSource({ path: "m", nodeName: "n", onSnapshot: () => {} })).toThrow(
      expect.objectContaining({ code: "invalid-option" }),
    );
    expect(() => createFileSource({ path: "/m", nodeName: "", onSnapshot: () => {} })).toThrow(
      expect.objectContaining({ code: "invalid-option" }),
    );
  });

  it("resolves at once when it is aborted before it runs", async () => {
    let count = 0;
    await createFileSource({ path: "/m", nodeName: "n", onSnapshot: () => (count += 1) }).run(AbortSignal.abort());
    expect(count).toBe(0);
  });
});
