import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kinds.ts";
import { createItemBuffer } from "./item-buffer.ts";
import type { WatchItem } from "./item-buffer.ts";

const added = (name: string): WatchItem<KubeObject> => ({ type: "added", object: { metadata: { name } } });
const synced: WatchItem<KubeObject> = { type: "synced", items: [], resourceVersion: "1" };

describe("the buffer of a watch", () => {
  it("gives what was put in, in order, and then its end", async () => {
    const buffer = createItemBuffer<KubeObject>(10);
    const early = buffer.take(undefined);
    buffer.put(added("a"));
    buffer.put(added("b"));
    buffer.end();
    expect([await early, await buffer.take(undefined), await buffer.take(undefined)]).toEqual([added("a"), added("b"), undefined]);
  });

  it("throws away what lies there when everything is told anew", async () => {
    const buffer = createItemBuffer<KubeObject>(10);
    buffer.put(added("a"));
    buffer.put(synced);
    expect(await buffer.take(undefined)).toBe(synced);
  });

  it("holds no more than its limit, and then nothing", async () => {
    const buffer = createItemBuffer<KubeObject>(2);
    expect([buffer.put(added("a")), buffer.put(added("b")), buffer.put(added("c"))]).toEqual([true, true, false]);
    buffer.put(synced);
    expect(await buffer.take(undefined)).toBe(synced);
  });

  it("rejects with the error it ended with", async () => {
    const buffer = createItemBuffer<KubeObject>(2);
    const error = new Error("gone");
    const waiting = buffer.take(undefined);
    buffer.end(error);
    await expect(waiting).rejects.toBe(error);
  });
});
