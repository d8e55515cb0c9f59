import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { guardOutput } from "./output-guard.ts";
import type { OutputProcess } from "./output-guard.ts";

class FakeProcess extends EventEmitter implements OutputProcess {
  said = "";
  exitCode: number | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;

  constructor(code: string, stderrCode?: string) {
    super();
    const failing = (which: string): Writable =>
      new Writable({
        autoDestroy: false,
        write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${which}: no way`), { code: which })),
      });
    this.stdout = failing(code);
    const say = (chunk: unknown): void => {
      this.said += String(chunk);
    };
    this.stderr =
      stderrCode === undefined
        ? new Writable({
            write: (chunk, _encoding, done) => {
              say(chunk);
              done();
            },
          })
        : failing(stderrCode);
  }

  /** What the process ends with when its work ended with a code. */
  end(code: number): number | undefined {
    this.exitCode = code;
    this.emit("exit");
    return this.exitCode;
  }
}

describe("the guard of a command's output", () => {
  it("takes a reader that has read enough for no failure, and tells who still writes", async () => {
    const host = new FakeProcess("EPIPE");
    const told: string[] = [];
    guardOutput(host, { name: "tool", onEnd: ({ message }) => told.push(message) });
    host.stdout.write("one");
    await setImmediate();
    expect(host.said).toBe("");
    expect(told).toEqual(["nobody reads the output any more"]);
    expect(host.end(0)).toBe(0);
  });

  it("says once that output is lost, and fails although the work went well", async () => {
    const host = new FakeProcess("ENOSPC");
    guardOutput(host, { name: "tool" });
    host.stdout.write("one");
    await setImmediate();
    host.stdout.emit("error", new Error("again"));
    expect(host.said).toBe("tool: write the output: ENOSPC: no way\n");
    expect(host.end(0)).toBe(1);
  });

  it("leaves the code of work that went wrong, and lives without a standard error", async () => {
    const host = new FakeProcess("ENOSPC", "EPIPE");
    guardOutput(host, { name: "tool" });
    host.stdout.write("one");
    await setImmediate();
    expect(host.end(2)).toBe(2);
  });
});
