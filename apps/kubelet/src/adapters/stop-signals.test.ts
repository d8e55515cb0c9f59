import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { onStopSignal } from "./stop-signals.ts";

describe("the signals that stop a kubelet", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "are left to the kernel after the first, also when that is %s and the second another",
    (first) => {
      const source = new EventEmitter();
      const told: string[] = [];
      onStopSignal(source, (name) => void told.push(name));
      source.emit(first);
      expect(told).toEqual([first]);
      expect([source.listenerCount("SIGTERM"), source.listenerCount("SIGINT")]).toEqual([0, 0]);
    },
  );
});
