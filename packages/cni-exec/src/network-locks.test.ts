import { describe, expect, it } from "vitest";
import { createNetworkLocks } from "./network-locks.ts";

/** Tasks that note when they begin and end when they are told to. */
const createTasks = () => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    task: (name: string) => (): Promise<void> => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    },
    end: async (name: string): Promise<void> => {
      ends.get(name)?.();
      await settle();
    },
  };
};
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe("the locks", () => {
  it("let different containers run side by side, and one container's operations one after another, across networks", async () => {
    const { begun, task, end } = createTasks();
    const locks = createNetworkLocks(10);
    void locks.withContainer("a", { networkName: "n1" }, task("a1"));
    void locks.withContainer("b", { networkName: "n1" }, task("b1"));
    void locks.withContainer("a", { networkName: "n2" }, task("a2"));
    await settle();
    expect(begun).toEqual(["a1", "b1"]);
    await end("a1");
    expect(begun).toEqual(["a1", "b1", "a2"]);
    await end("b1");
    await end("a2");
  });

  it("give a garbage collection its network alone, in its turn, and no other network", async () => {
    const { begun, task, end } = createTasks();
    const locks = createNetworkLocks(10);
    void locks.withContainer("a", { networkName: "n1" }, task("add a"));
    void locks.withNetwork({ networkName: "n1" }, task("gc"));
    void locks.withContainer("b", { networkName: "n1" }, task("add b"));
    void locks.withContainer("c", { networkName: "n2" }, task("add c"));
    await settle();
    expect(begun).toEqual(["add a", "add c"]);
    await end("add a");
    expect(begun).toEqual(["add a", "add c", "gc"]);
    await end("gc");
    expect(begun).toEqual(["add a", "add c", "gc", "add b"]);
    await end("add b");
    await end("add c");
  });

  it("let those behind an abandoned garbage collection go on at once", async () => {
    const { begun, task, end } = createTasks();
    const locks = createNetworkLocks(10);
    const stop = new AbortController();
    void locks.withContainer("a", { networkName: "n1" }, task("add a"));
    const collection = locks.withNetwork({ networkName: "n1", signal: stop.signal }, task("gc"));
    void locks.withContainer("b", { networkName: "n1" }, task("add b"));
    await settle();
    expect(begun).toEqual(["add a"]);
    stop.abort(new Error("enough"));
    await expect(collection).rejects.toThrow("enough");
    await settle();
    expect(begun).toEqual(["add a", "add b"]);
    await end("add a");
    await end("add b");
  });

  it("are given back when a task fails, and nothing begins under an aborted signal", async () => {
    const locks = createNetworkLocks(10);
    await expect(locks.withNetwork({ networkName: "n" }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(locks.withContainer("a", { networkName: "n" }, () => Promise.resolve("done"))).resolves.toBe("done");
    await expect(
      locks.withContainer("a", { networkName: "n", signal: AbortSignal.abort(new Error("late")) }, () => Promise.resolve()),
    ).rejects.toThrow("late");
  });

  it("do not let a line grow past its limit", async () => {
    const { task, end } = createTasks();
    const locks = createNetworkLocks(1);
    void locks.withNetwork({ networkName: "n" }, task("gc"));
    void locks.withContainer("a", { networkName: "n" }, task("a"));
    await expect(locks.withContainer("b", { networkName: "n" }, task("b"))).rejects.toMatchObject({ code: "queue-full" });
    await end("gc");
    void locks.withContainer("a", { networkName: "m" }, task("a2"));
    await expect(locks.withContainer("a", { networkName: "o" }, task("a3"))).rejects.toMatchObject({ code: "queue-full" });
    await end("a");
    await end("a2");
  });
});
