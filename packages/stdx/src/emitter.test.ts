import { describe, expect, it } from "vitest";
import { createEmitter } from "./emitter.ts";

describe("createEmitter", () => {
  it("tells listeners in order until they unsubscribe", () => {
    const emitter = createEmitter<number>();
    const seen: string[] = [];
    const first = emitter.subscribe((value) => void seen.push(`first ${value}`));
    emitter.subscribe((value) => void seen.push(`second ${value}`));
    emitter.emit(1);
    first[Symbol.dispose]();
    emitter.emit(2);
    expect(seen).toEqual(["first 1", "second 1", "second 2"]);
    expect(emitter.listenerCount).toBe(1);
  });

  it("calls every listener even when one throws, and rethrows the first error", () => {
    const emitter = createEmitter<number>();
    const seen: number[] = [];
    emitter.subscribe(() => {
      throw new Error("first");
    });
    emitter.subscribe((value) => void seen.push(value));
    expect(() => emitter.emit(7)).toThrow("first");
    expect(seen).toEqual([7]);
  });

  it("skips listeners that are unsubscribed, or subscribed, during the emission", () => {
    const emitter = createEmitter<void>();
    const seen: string[] = [];
    emitter.subscribe(() => {
      later[Symbol.dispose]();
      emitter.subscribe(() => void seen.push("newcomer"));
    });
    const later = emitter.subscribe(() => void seen.push("later"));
    emitter.emit();
    expect(seen).toEqual([]);
  });
});
