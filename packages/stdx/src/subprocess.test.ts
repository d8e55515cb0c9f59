import { getEventListeners } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { runSubprocess } from "./subprocess.ts";
import { createFakeClock } from "./testing/index.ts";

const timeoutMs = 10_000;
let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nk-stdx-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A killed orphan stays a zombie until the container's init reaps it, which may take seconds: a zombie counts as dead. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** Waits for a condition that another process brings about. */
const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await systemClock.sleep(5);
};

describe("runSubprocess", () => {
  it("reports exit code and both outputs", async () => {
    const result = await runSubprocess(["sh", "-c", "echo out; echo err >&2; exit 3"], { timeoutMs });
    expect(result).toEqual({ exitCode: 3, signal: null, stdout: "out\n", stderr: "err\n" });
  });

  it("passes stdin, environment and directory, and no shell reads the arguments", async () => {
    const result = await runSubprocess(["sh", "-c", 'cat; echo "$GIVEN:$HOME"; pwd; echo "$1"', "sh", "$(id) *"], {
      timeoutMs,
      stdin: "input,",
      env: { GIVEN: "yes", PATH: "/usr/bin:/bin" },
      cwd: directory,
    });
    expect(result.stdout).toBe(`input,yes:\n${directory}\n$(id) *\n`);
  });

  it("does not mind a program that leaves its stdin unread", async () => {
    const result = await runSubprocess(["true"], { timeoutMs, stdin: "x".repeat(1_000_000) });
    expect(result.exitCode).toBe(0);
  });

  it("reports the signal that ended the program", async () => {
    const result = await runSubprocess(["sh", "-c", "kill -KILL $$"], { timeoutMs });
    expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  it("keeps the end of a stderr that has a limit of its own, and stops nobody for it", async () => {
    const script = "i=0; while [ $i -lt 2000 ]; do echo line-$i >&2; i=$((i+1)); done; echo done";
    const result = await runSubprocess(["sh", "-c", script], { timeoutMs, maxOutputBytes: 100, maxStderrBytes: 30 });
    expect(result).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "line-1997\nline-1998\nline-1999\n" });
  });

  it("tells what a program that is stopped had said, when it was asked to keep that", async () => {
    const ready = join(directory, "ready");
    const argv = ["sh", "-c", `echo waiting for the daemon >&2; touch ${ready}; exec sleep 600`] as const;
    const clock = createFakeClock();
    const run = runSubprocess(argv, { timeoutMs: 200, maxStderrBytes: 1000, clock });
    const seen = expect(run).rejects.toMatchObject({ code: "timeout", stderr: "waiting for the daemon\n" });
    await eventually(() => existsSync(ready));
    await clock.advance(200);
    await seen;
    const tooMuch = runSubprocess(["sh", "-c", "echo why >&2; sleep 0.1; exec yes"], {
      timeoutMs,
      maxOutputBytes: 1000,
      maxStderrBytes: 1000,
    });
    await expect(tooMuch).rejects.toMatchObject({ code: "output-limit", stderr: "why\n" });
  });

  it("fails for a program or directory that is not there", async () => {
    await expect(runSubprocess(["/no/such/program"], { timeoutMs })).rejects.toMatchObject({
      code: "spawn-failed",
      command: "/no/such/program",
      cause: { code: "ENOENT" },
    });
    await expect(runSubprocess(["true"], { timeoutMs, cwd: "/no/such/dir" })).rejects.toMatchObject({ code: "spawn-failed" });
    await expect(runSubprocess(["bad\0name"], { timeoutMs })).rejects.toMatchObject({ code: "spawn-failed" });
  });

  it("kills the whole group on timeout, grandchildren included", async () => {
    const pidFile = join(directory, "pid");
    const clock = createFakeClock();
    const run = runSubprocess(["sh", "-c", `sleep 60 & echo $! > ${pidFile}; wait`], { timeoutMs: 300, clock });
    const seen = expect(run).rejects.toMatchObject({ code: "timeout", message: "sh took longer than 300 ms" });
    await eventually(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
    await clock.advance(300);
    await seen;
    const pid = Number(await readFile(pidFile, "utf8"));
    await eventually(() => !isAlive(pid));
  });

  it("kills a program that ignores SIGTERM", async () => {
    const ready = join(directory, "ready");
    const controller = new AbortController();
    const run = runSubprocess(["sh", "-c", `trap '' TERM; touch ${ready}; while :; do sleep 0.01; done`], {
      timeoutMs,
      signal: controller.signal,
      killAfterMs: 50,
    });
    await eventually(() => existsSync(ready));
    const reason = new Error("node shuts down");
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("does not wait for a descendant that left the group and keeps the pipe open", async () => {
    const pidFile = join(directory, "pid");
    const controller = new AbortController();
    const run = runSubprocess(["sh", "-c", `setsid sh -c 'echo $$ > ${pidFile}; exec sleep 60' & wait`], {
      timeoutMs,
      signal: controller.signal,
      killAfterMs: 50,
    });
    await eventually(() => existsSync(pidFile));
    controller.abort(new Error("stop"));
    await expect(run).rejects.toThrow("stop");
    const pid = Number(await readFile(pidFile, "utf8"));
    if (pid > 0) process.kill(pid, "SIGKILL");
  });

  it("stops a program that writes too much", async () => {
    const run = runSubprocess(["sh", "-c", "while :; do echo spam; done"], { timeoutMs, maxOutputBytes: 10_000 });
    await expect(run).rejects.toMatchObject({ code: "output-limit" });
  });

  it("does not start anything for a signal that has aborted", async () => {
    const reason = new Error("before");
    const path = join(directory, "made");
    await expect(runSubprocess(["touch", path], { timeoutMs, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(existsSync(path)).toBe(false);
  });

  it("keeps stdin, environment and arguments out of its errors", async () => {
    const run = runSubprocess(["sh", "-c", "sleep 60", "argument-secret"], {
      timeoutMs: 20,
      stdin: "stdin-secret",
      env: { PATH: "/usr/bin:/bin", TOKEN: "env-secret" },
    });
    const error: unknown = await run.catch((caught: unknown) => caught);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret/);
  });
});
