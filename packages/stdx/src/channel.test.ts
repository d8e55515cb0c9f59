import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { createChannel } from "./channel.ts";

const drain = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const received: T[] = [];
  for await (const value of values) received.push(value);
  return received;
};

describe("createChannel", () => {
  it("delivers what was sent, in order, and ends after close", async () => {
    const channel = createChannel<number>({ capacity: 3, overflow: "wait" });
    for (const value of [1, 2, 3]) await channel.send(value);
    channel.close();
    expect(await drain(channel)).toEqual([1, 2, 3]);
    expect(channel.offer(4)).toBe(false);
    await expect(channel.send(4)).rejects.toMatchObject({ code: "channel-closed" });
  });

  it("makes senders wait for room and keeps their order", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "wait" });
    const sends = [1, 2, 3].map((value) => channel.send(value));
    expect(channel.size).toBe(1);
    expect(channel.offer(9)).toBe(false);
    for (const expected of [1, 2, 3]) expect(await channel.receive()).toEqual({ done: false, value: expected });
    await Promise.all(sends);
  });

  it("takes the value of an aborted send back", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "wait" });
    const controller = new AbortController();
    await channel.send(1);
    const aborted = channel.send(2, { signal: controller.signal });
    const waiting = channel.send(3);
    const reason = new Error("stop");
    controller.abort(reason);
    // Both at once: the aborted value must not slip in before its rejection is seen.
    const received = [channel.receive(), channel.receive()];
    await expect(aborted).rejects.toBe(reason);
    await waiting;
    expect((await Promise.all(received)).map((result) => result.value)).toEqual([1, 3]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("rejects what does not fit when told to", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "reject" });
    await channel.send(1);
    await expect(channel.send(2)).rejects.toMatchObject({ code: "channel-full" });
    expect(channel.offer(2)).toBe(false);
  });

  it("drops the oldest and counts it when told to", async () => {
    const channel = createChannel<number>({ capacity: 2, overflow: "drop-oldest" });
    for (const value of [1, 2, 3, 4]) expect(channel.offer(value)).toBe(true);
    channel.close();
    expect(await drain(channel)).toEqual([3, 4]);
    expect(channel.droppedCount).toBe(2);
  });

  it("hands a value straight to a waiting receiver, even when it drops", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "drop-oldest" });
    const received = channel.receive();
    channel.offer(1);
    channel.offer(2);
    expect(await received).toEqual({ done: false, value: 1 });
    expect(channel.droppedCount).toBe(0);
  });

  it("gives the error of close to receivers after the values, and to waiting senders as the cause", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "wait" });
    await channel.send(1);
    const waiting = channel.send(2);
    const error = new Error("peer is gone");
    channel.close(error);
    channel.close();
    await expect(waiting).rejects.toMatchObject({ code: "channel-closed", cause: error });
    expect(await channel.receive()).toEqual({ done: false, value: 1 });
    await expect(channel.receive()).rejects.toBe(error);
  });

  it("wakes waiting receivers on close", async () => {
    const clean = createChannel<number>({ capacity: 1, overflow: "wait" });
    const ended = clean.receive();
    clean.close();
    expect(await ended).toEqual({ done: true, value: undefined });
    const broken = createChannel<number>({ capacity: 1, overflow: "wait" });
    const failed = broken.receive();
    broken.close(new Error("gone"));
    await expect(failed).rejects.toThrow("gone");
  });

  it("stays open when one of its readers leaves", async () => {
    const channel = createChannel<number>({ capacity: 2, overflow: "wait" });
    await channel.send(1);
    for await (const value of channel) {
      expect(value).toBe(1);
      break;
    }
    const iterator = channel[Symbol.asyncIterator]();
    const pending = iterator.next();
    await iterator.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    await channel.send(2);
    expect(channel.size).toBe(1);
  });

  it("bounds those who wait", async () => {
    const channel = createChannel<number>({ capacity: 1, overflow: "wait", maxWaiting: 1 });
    await channel.send(1);
    void channel.send(2);
    await expect(channel.send(3)).rejects.toMatchObject({ code: "queue-full" });
    expect(() => createChannel({ capacity: 0, overflow: "wait" })).toThrow("capacity 0");
  });
});
