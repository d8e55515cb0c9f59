import { describe, expect, it } from "vitest";
import { toRuntimeEvent } from "./runtime-view.ts";

describe("toRuntimeEvent", () => {
  it("says of a container what happened to it", () => {
    const item = { type: "event", uid: "u", containerId: "c", sandboxId: "s", change: "stopped" } as const;
    expect(toRuntimeEvent(item)).toEqual({ type: "event", uid: "u", containerId: "c", sandboxId: "s", kind: "stopped" });
  });

  it("names no container when the event is about the sandbox", () => {
    const item = { type: "event", uid: "u", containerId: "s", sandboxId: "s", change: "started" } as const;
    expect(toRuntimeEvent(item)).toEqual({ type: "event", uid: "u", sandboxId: "s", kind: "started" });
  });

  it("leaves out what the runtime does not say", () => {
    expect(toRuntimeEvent({ type: "event", containerId: "c" })).toEqual({ type: "event", containerId: "c" });
    expect(toRuntimeEvent({ type: "gap", cause: "overflow" })).toEqual({ type: "gap" });
  });
});
