import { describe, expect, it } from "vitest";
import { raceSignal } from "./signals.ts";
import { runTaskGroup } from "./task-group.ts";

const untilAborted = (signal: AbortSignal): Promise<void> => raceSignal(new Promise<void>(() => {}), signal);

describe("runTaskGroup", () => {
  it("resolves when every task has ended", async () => {
    const ended: string[] = [];
    await runTaskGroup(new AbortController().signal, {
      a: async () => void ended.push("a"),
      b: async () => void ended.push("b"),
    });
    expect(ended).toEqual(["a", "b"]);
  });

  it("stops the others when one fails, waits for them and rethrows the first error", async () => {
    const failure = new Error("listener broke");
    const log: string[] = [];
    const group = runTaskGroup(new AbortController().signal, {
      broken: () => Promise.reject(failure),
      slow: async (signal) => {
        await untilAborted(signal).catch((error: unknown) => log.push(String(error === failure)));
        await new Promise(setImmediate);
        log.push("drained");
        throw new Error("a later error");
      },
    });
    await expect(group).rejects.toBe(failure);
    expect(log).toEqual(["true", "drained"]);
  });

  it("resolves when its signal stops it, whether tasks resolve or rethrow the reason", async () => {
    const controller = new AbortController();
    const group = runTaskGroup(controller.signal, {
      rethrows: untilAborted,
      resolves: (signal) => untilAborted(signal).catch(() => {}),
      node: async (signal) => {
        await untilAborted(signal).catch(() => {});
        throw new DOMException("aborted", "AbortError");
      },
    });
    controller.abort(new Error("shut down"));
    await expect(group).resolves.toBeUndefined();
  });

  it("rejects when a task fails while it is being stopped", async () => {
    const controller = new AbortController();
    const group = runTaskGroup(controller.signal, {
      stubborn: async (signal) => {
        await untilAborted(signal).catch(() => {});
        throw new Error("could not flush");
      },
    });
    controller.abort(new Error("shut down"));
    await expect(group).rejects.toThrow("could not flush");
  });
});
