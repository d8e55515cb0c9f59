import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { createKeyedExecutor } from "./keyed-executor.ts";

/** Tasks that a test lets go one by one. */
const createGates = () => {
  const log: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const task = (name: string) => async (): Promise<string> => {
    log.push(`start ${name}`);
    const gate = Promise.withResolvers<void>();
    gates.set(name, gate);
    await gate.promise;
    log.push(`end ${name}`);
    return name;
  };
  return {
    log,
    task,
    open: (name: string) => gates.get(name)?.resolve(),
    fail: (name: string) => gates.get(name)?.reject(new Error(name)),
  };
};

describe("createKeyedExecutor", () => {
  it("runs one key in order and other keys beside it", async () => {
    const { log, task, open } = createGates();
    const executor = createKeyedExecutor();
    const a1 = executor.run("a", task("a1"));
    const a2 = executor.run("a", task("a2"));
    const b1 = executor.run("b", task("b1"));
    expect(log).toEqual(["start a1", "start b1"]);
    expect(executor.size).toBe(3);
    open("b1");
    open("a1");
    expect(await b1).toBe("b1");
    expect(await a1).toBe("a1");
    open("a2");
    expect(await a2).toBe("a2");
    expect(executor.size).toBe(0);
    expect(log).toEqual(["start a1", "start b1", "end b1", "end a1", "start a2", "end a2"]);
  });

  it("keeps to its concurrency and gives waiting keys their turn in order", async () => {
    const { log, task, open } = createGates();
    const executor = createKeyedExecutor({ concurrency: 1 });
    const all = [executor.run("a", task("a1")), executor.run("a", task("a2")), executor.run("b", task("b1"))];
    for (const name of ["a1", "b1", "a2"]) {
      open(name);
      await all[name === "a1" ? 0 : name === "b1" ? 2 : 1];
    }
    expect(log.filter((line) => line.startsWith("start"))).toEqual(["start a1", "start b1", "start a2"]);
  });

  it("goes on after a task that fails", async () => {
    const { task, open, fail } = createGates();
    const executor = createKeyedExecutor();
    const first = executor.run("a", task("a1"));
    const second = executor.run("a", task("a2"));
    fail("a1");
    await expect(first).rejects.toThrow("a1");
    open("a2");
    await expect(second).resolves.toBe("a2");
    await expect(
      executor.run("a", () => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
  });

  it("takes an aborted task out of the queue and leaves a running one alone", async () => {
    const { log, task, open } = createGates();
    const executor = createKeyedExecutor();
    const controller = new AbortController();
    const running = executor.run("a", task("a1"), { signal: controller.signal });
    const queued = executor.run("a", task("a2"), { signal: controller.signal });
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await expect(queued).rejects.toBe(reason);
    expect(executor.size).toBe(1);
    open("a1");
    await expect(running).resolves.toBe("a1");
    expect(log).toEqual(["start a1", "end a1"]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await expect(executor.run("a", task("a3"), { signal: controller.signal })).rejects.toBe(reason);
  });

  it("recovers when every task of a lane that waits for a slot is aborted", async () => {
    const { task, open } = createGates();
    const executor = createKeyedExecutor({ concurrency: 1 });
    const controller = new AbortController();
    const first = executor.run("a", task("a1"));
    const second = executor.run("b", task("b1"), { signal: controller.signal });
    controller.abort(new Error("stop"));
    await expect(second).rejects.toThrow("stop");
    open("a1");
    await first;
    const third = executor.run("b", task("b2"));
    open("b2");
    await expect(third).resolves.toBe("b2");
  });

  it("rejects tasks beyond the queue's limit", async () => {
    const { task, open } = createGates();
    const executor = createKeyedExecutor({ maxQueued: 1 });
    const first = executor.run("a", task("a1"));
    const second = executor.run("a", task("a2"));
    await expect(executor.run("a", task("a3"))).rejects.toMatchObject({ code: "queue-full" });
    const other = executor.run("b", task("b1"));
    open("b1");
    await other;
    open("a1");
    await first;
    open("a2");
    await second;
  });

  it("says when it is idle", async () => {
    const { task, open } = createGates();
    const executor = createKeyedExecutor();
    await executor.onIdle();
    void executor.run("a", task("a1"));
    void executor.run("a", task("a2"));
    let isIdle = false;
    const idle = executor.onIdle().then(() => void (isIdle = true));
    open("a1");
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    open("a2");
    await idle;
    expect(executor.size).toBe(0);
  });
});
