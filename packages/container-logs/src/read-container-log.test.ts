import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { appendFile, mkdtemp, open, readdir, readlink, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReadContainerLogOptions } from "./options.ts";
import { readContainerLog } from "./read-container-log.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nk-logs-"));
  path = join(directory, "0.log");
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const line = (second: number, rest: string): string => `2026-11-21T00:00:${String(second).padStart(2, "0")}.5Z ${rest}\n`;

const read = async (options: ReadContainerLogOptions = {}): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readContainerLog(path, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const SAMPLE = [
  line(1, "stdout F one"),
  line(2, "stderr F two"),
  line(3, "stdout P thr"),
  line(3, "stdout P e"),
  line(4, "stdout F e"),
  "garbage\n",
  line(5, "stdout F five"),
].join("");

describe("readContainerLog", () => {
  it("refuses a pipe in the log's place at once", async () => {
    execFileSync("mkfifo", [path]);
    await expect(read()).rejects.toMatchObject({ code: "unreadable", message: `read log ${path}: not a regular file` });
  });

  it.each<[string, ReadContainerLogOptions, string]>([
    ["everything, partial lines joined and corrupted ones left out", {}, "one\ntwo\nthree\nfive\n"],
    ["one stream", { stream: "stderr" }, "two\n"],
    ["the last line", { tailLines: 1 }, "five\n"],
    ["the last two lines, a split line counting as one", { tailLines: 2 }, "three\nfive\n"],
    ["the last lines of one stream", { tailLines: 3, stream: "stdout" }, "one\nthree\nfive\n"],
    ["no line", { tailLines: 0 }, ""],
    ["more lines than there are", { tailLines: 99 }, "one\ntwo\nthree\nfive\n"],
    ["lines since a time", { sinceTime: "2026-11-21T00:00:04Z" }, "e\nfive\n"],
    ["lines since a time of another zone", { sinceTime: "2026-11-21T01:00:05.500000000+01:00" }, "five\n"],
    ["lines of both", { sinceTime: "2026-11-21T00:00:05Z", tailLines: 2 }, "five\n"],
    ["exactly so many bytes", { limitBytes: 6 }, "one\ntw"],
    ["no byte", { limitBytes: 0 }, ""],
    [
      "timestamps, one for a split line",
      { timestamps: true, tailLines: 2 },
      "2026-11-21T00:00:03.500000000Z three\n2026-11-21T00:00:05.500000000Z five\n",
    ],
    ["timestamps within the limit", { timestamps: true, limitBytes: 33 }, "2026-11-21T00:00:01.500000000Z on"],
  ])("gives %s", async (_what, options, expected) => {
    await writeFile(path, SAMPLE);
    expect(await read(options)).toBe(expected);
    expect(await read({ ...options, blockBytes: 7 })).toBe(expected);
  });

  it("gives an unfinished last line, and follows symbolic links", async () => {
    await writeFile(path, `${SAMPLE}${line(6, "stdout F six").trimEnd()}`);
    const link = join(directory, "link.log");
    await symlink(path, link);
    path = link;
    expect(await read({ tailLines: 2 })).toBe("five\nsix");
  });

  it("cuts a line that is too long and goes on with the next", async () => {
    await writeFile(path, line(1, `stdout F ${"x".repeat(100_000)}`) + line(2, "stdout F next"));
    expect(await read({ maxLineBytes: 50 })).toMatch(/^x{10,30}\nnext\n$/);
  });

  it("gives the same for every block size and any tail", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", " ", "é"), maxLength: 12 });
    const row = fc.record({ tag: fc.constantFrom("P", "F"), word });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 15 }),
        fc.nat(8),
        fc.integer({ min: 1, max: 64 }),
        async (rows, tailLines, blockBytes) => {
          await writeFile(path, rows.map(({ tag, word }, index) => line(index, `stdout ${tag} ${word}`)).join(""));
          const whole = rows.map(({ tag, word }) => (tag === "F" ? `${word}\n` : word)).join("");
          const lines = whole.split(/(?<=\n)/);
          // A piece without any byte is a line of its own for the tail, though it shows nothing.
          if (rows.at(-1)?.tag === "P" && (whole === "" || whole.endsWith("\n"))) lines.push("");
          expect(await read({ blockBytes })).toBe(whole);
          expect(await read({ tailLines, blockBytes })).toBe(tailLines === 0 ? "" : lines.slice(-tailLines).join(""));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[string, ReadContainerLogOptions, string]>([
    ["an absent file", {}, "not-found"],
    ["a negative tail", { tailLines: -1 }, "invalid-option"],
    ["a broken time", { sinceTime: "yesterday" }, "invalid-option"],
    ["a fraction of a byte", { limitBytes: 0.5 }, "invalid-option"],
    ["blocks of nothing", { blockBytes: 0, tailLines: 1 }, "invalid-option"],
    ["lines of nothing", { maxLineBytes: 0 }, "invalid-option"],
    ["a stream that no container has", { stream: "All" as "stdout" }, "invalid-option"],
  ])("refuses %s", async (_what, options, code) => {
    await expect(read(options)).rejects.toMatchObject({ name: "ContainerLogsError", code });
  });

  it("does not open a pipe that a link in the log's place leads to: whoever waits at its other end waits on", async () => {
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    await symlink(pipe, path);
    let isReleased = false;
    const writing = open(pipe, "w").then((handle) => {
      isReleased = true;
      return handle;
    });
    for (let round = 0; round < 50; round += 1) await expect(read()).rejects.toMatchObject({ code: "unreadable" });
    expect(isReleased).toBe(false);
    await using _reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    await (await writing).close();
  });

  it("refuses a directory", async () => {
    path = directory;
    await expect(read()).rejects.toMatchObject({ code: "unreadable" });
  });

  it("reads no further than it is asked", async () => {
    await writeFile(path, Array.from({ length: 1000 }, (_value, index) => line(index % 60, `stdout F ${index}`)).join(""));
    const chunks = readContainerLog(path, { blockBytes: 100 });
    const first = await chunks.next();
    await truncate(path, 0);
    const rest: unknown[] = [];
    for await (const chunk of chunks) rest.push(chunk);
    expect([first.done, rest]).toEqual([false, []]);
  });
});

/** A followed log with what it has given so far. */
const follow = (options: ReadContainerLogOptions = {}) => {
  const state = { text: "", waiting: [] as (() => void)[] };
  const done = (async () => {
    for await (const chunk of readContainerLog(path, { follow: true, ...options })) {
      state.text += Buffer.from(chunk).toString();
      for (const wake of state.waiting.splice(0)) wake();
    }
  })();
  const until = async (text: string): Promise<void> => {
    while (state.text !== text && text.startsWith(state.text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.waiting.push(resolve);
      await promise;
    }
    expect(state.text).toBe(text);
  };
  return { done, until, text: () => state.text };
};

describe("following", () => {
  it("gives what is written later, and ends when the container has", async () => {
    await writeFile(path, line(1, "stdout F one"));
    let isRunning = true;
    const log = follow({ isContainerRunning: () => isRunning, recheckMs: 20 });
    await log.until("one\n");
    await appendFile(path, line(2, "stdout F two").slice(0, -2));
    await appendFile(path, "o\nrest");
    await log.until("one\ntwo\n");
    await appendFile(path, `\n${line(3, "stdout F last").trimEnd()}`);
    isRunning = false;
    await log.done;
    expect(log.text()).toBe("one\ntwo\nlast");
  });

  it("wakes by the change itself, without the re-check", async () => {
    await writeFile(path, "");
    const controller = new AbortController();
    const log = follow({ clock: createFakeClock(), signal: controller.signal });
    for (const count of [1, 2, 3]) {
      await appendFile(path, line(count, `stdout F ${count}`));
      await log.until("1\n2\n3\n".slice(0, 2 * count));
    }
    controller.abort(new Error("enough"));
    await expect(log.done).rejects.toThrow("enough");
  });

  it("goes on in the new file after a rotation, losing nothing", async () => {
    await writeFile(path, line(1, "stdout F 0"));
    const controller = new AbortController();
    const log = follow({ signal: controller.signal, recheckMs: 20 });
    await log.until("0\n");
    let expected = "0\n";
    for (let round = 1; round <= 5; round += 1) {
      await appendFile(path, line(round, `stdout F old ${round}`));
      await rename(path, `${path}.2026-${round}`);
      await appendFile(`${path}.2026-${round}`, line(round, `stdout F late ${round}`));
      await writeFile(path, line(round, `stdout F new ${round}`));
      expected += `old ${round}\nlate ${round}\nnew ${round}\n`;
      await log.until(expected);
    }
    controller.abort(new Error("enough"));
    await expect(log.done).rejects.toThrow("enough");
  });

  it("loses nothing when the file is renamed and made anew while the reader is far behind", async () => {
    const count = 20_000;
    const numbered = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_value, index) => line(index % 60, `stdout F ${from + index}`)).join("");
    await writeFile(path, numbered(0, count));
    const controller = new AbortController();
    const chunks = readContainerLog(path, { follow: true, signal: controller.signal, recheckMs: 20, blockBytes: 4096 });
    const seen: string[] = [];
    const take = async (): Promise<void> => {
      const { value } = await chunks.next();
      seen.push(
        ...Buffer.from(value ?? "")
          .toString()
          .split("\n")
          .slice(0, -1),
      );
    };
    await take();
    expect(seen.length).toBeLessThan(count / 10);
    await rename(path, `${path}.20261121-000001`);
    // Until the runtime has been told, it writes to the old file.
    await appendFile(`${path}.20261121-000001`, numbered(count, count + 100));
    await writeFile(path, numbered(count + 100, count + 200));
    while (seen.length < count + 200) await take();
    await appendFile(path, numbered(count + 200, count + 300));
    while (seen.length < count + 300) await take();
    expect(seen).toEqual(Array.from({ length: count + 300 }, (_value, index) => String(index)));
    controller.abort(new Error("enough"));
    await expect(chunks.next()).rejects.toThrow("enough");
  });

  it("closes both files when the consumer leaves at the unfinished end of the old one", async () => {
    const opened = async (): Promise<readonly string[]> => {
      const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
      return (await Promise.all(links)).filter((target) => target.startsWith(directory));
    };
    await writeFile(path, line(1, "stdout F one") + line(2, "stdout F unfinished").trimEnd());
    const chunks = readContainerLog(path, { follow: true, recheckMs: 20 });
    expect(String(Buffer.from((await chunks.next()).value ?? ""))).toBe("one\n");
    await rename(path, `${path}.2026`);
    await writeFile(path, line(3, "stdout F new"));
    expect(String(Buffer.from((await chunks.next()).value ?? ""))).toBe("unfinished");
    expect(await opened()).not.toEqual([]);
    await chunks.return();
    expect(await opened()).toEqual([]);
  });

  it("begins anew when the file is truncated", async () => {
    await writeFile(path, line(1, "stdout F one"));
    const controller = new AbortController();
    const log = follow({ signal: controller.signal, recheckMs: 20 });
    await log.until("one\n");
    await truncate(path, 0);
    await appendFile(path, line(2, "stdout F 2"));
    await log.until("one\n2\n");
    controller.abort(new Error("enough"));
    await expect(log.done).rejects.toThrow("enough");
  });

  it("with no tail gives only what is new, and stops at the limit", async () => {
    await writeFile(path, line(1, "stdout F one"));
    const log = follow({ tailLines: 0, limitBytes: 5, recheckMs: 20, clock: createFakeClock() });
    await new Promise((resolve) => setImmediate(resolve));
    while (log.text() === "") {
      await appendFile(path, line(2, "stdout F two"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await appendFile(path, line(2, "stdout F two"));
    await log.done;
    expect(log.text()).toBe("two\nt");
  });

  it("closes its file and its watch when the consumer leaves", async () => {
    await writeFile(path, SAMPLE);
    for await (const chunk of readContainerLog(path, { follow: true })) {
      expect(Buffer.from(chunk).toString()).toBe("one\ntwo\nthree\nfive\n");
      break;
    }
  });
});
