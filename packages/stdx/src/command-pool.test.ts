import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCommandPool } from "./command-pool.ts";
import { createFakeClock } from "./testing/index.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-pool-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const env = { PATH: "/usr/bin:/bin" };
const patient = { timeoutMs: 20_000 };

const sh = (script: string, ...args: readonly string[]): readonly [string, ...string[]] => ["sh", "-c", script, "sh", ...args];

describe("a command pool", () => {
  it("tells the exit code, and the first line of what a failing command said", async () => {
    const pool = createCommandPool({ env });
    expect(await pool.run(["true"], patient)).toEqual({ exitCode: 0, message: "" });
    expect(await pool.run(sh("echo out; echo err >&2; exit 32"), patient)).toEqual({ exitCode: 32, message: "out" });
    expect(await pool.run(sh("kill -9 $$"), patient)).toMatchObject({ exitCode: 137 });
    expect(await pool.run(["no-such-program"], patient)).toMatchObject({ exitCode: 127 });
  });

  it("hands arguments on as they are", async () => {
    const pool = createCommandPool({ env });
    const words = ["a b", "it's", "$HOME", "`id`", "\\", '"', "", "*", "-n", "é", ";exit 3", "'; exit 4; '"];
    const file = join(dir, "words");
    expect((await pool.run(sh('out=$1; shift; printf "%s|" "$@" > "$out"', file, ...words), patient)).exitCode).toBe(0);
    expect(await readFile(file, "utf8")).toBe(words.map((word) => `${word}|`).join(""));
    for (const word of ["a\nb", "a\0b"]) await expect(pool.run(["true", word], patient)).rejects.toMatchObject({ code: "spawn-failed" });
  });

  it("gives commands the environment and nothing to read", async () => {
    const pool = createCommandPool({ env: { ...env, SEEN: "yes" } });
    expect(await pool.run(sh('read -r line; [ "$SEEN$line" = yes ]'), patient)).toMatchObject({ exitCode: 0 });
  });

  it("keeps a shell for the next command and runs no more than so many at the same time", async () => {
    const pool = createCommandPool({ env, maxHelpers: 2 });
    const file = join(dir, "log");
    const note = sh('echo "$PPID" >> "$1"', file);
    for (let count = 0; count < 3; count += 1) await pool.run(note, patient);
    expect(new Set((await readFile(file, "utf8")).trim().split("\n")).size).toBe(1);
    await rm(file);
    await Promise.all(Array.from({ length: 12 }, () => pool.run(note, patient)));
    const shells = (await readFile(file, "utf8")).trim().split("\n");
    expect([shells.length, new Set(shells).size]).toEqual([12, 2]);
  });

  it("kills a command that takes too long, and goes on with the next", async () => {
    const clock = createFakeClock();
    const pool = createCommandPool({ env, clock, maxHelpers: 1 });
    const file = join(dir, "pid");
    const slow = pool.run(sh('echo $$ > "$1"; exec sleep 600', file), { timeoutMs: 5000 }).catch((error: unknown) => error);
    const next = pool.run(["true"], { timeoutMs: 5000 });
    await expect.poll(() => readFile(file, "utf8").catch(() => ""), { timeout: 15_000 }).toMatch(/\d\n/u);
    await clock.advance(5000);
    expect(await slow).toMatchObject({ code: "timeout" });
    const pid = Number(await readFile(file, "utf8"));
    // It may be a zombie of a parent that is not ours.
    expect(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => " Z ")).toMatch(/ [ZX] /u);
    expect(await next).toMatchObject({ exitCode: 0 });
  });

  it("gives up a command, or the wait for a place, when the caller does", async () => {
    const pool = createCommandPool({ env, maxHelpers: 1, maxWaiting: 1 });
    const callers = [new AbortController(), new AbortController()];
    const [running, queued] = callers.map(({ signal }) =>
      pool.run(["sleep", "600"], { timeoutMs: 60_000, signal }).catch((error: unknown) => error),
    );
    await expect(pool.run(["true"], patient)).rejects.toMatchObject({ code: "queue-full" });
    for (const caller of callers.toReversed()) caller.abort(new Error("not needed"));
    expect([await running, await queued]).toMatchObject([{ message: "not needed" }, { message: "not needed" }]);
    expect(await pool.run(["true"], patient)).toMatchObject({ exitCode: 0 });
  });

  it("ends a shell that has had no work for long, and starts another when there is some", async () => {
    const clock = createFakeClock();
    const pool = createCommandPool({ env, clock, idleMs: 1000 });
    const file = join(dir, "log");
    const note = sh('echo "$PPID" >> "$1"', file);
    await pool.run(note, patient);
    await clock.advance(1000);
    expect(clock.pendingCount).toBe(0);
    await pool.run(note, patient);
    expect(new Set((await readFile(file, "utf8")).trim().split("\n")).size).toBe(2);
  });

  it("says when there is no shell", async () => {
    const pool = createCommandPool({ env, shell: join(dir, "missing") });
    await expect(pool.run(["true"], patient)).rejects.toMatchObject({ code: "spawn-failed", command: "true" });
  });
});
