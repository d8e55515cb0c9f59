import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFailPoints, parseFailPoint } from "./fail-points.ts";

describe("parseFailPoint", () => {
  test("reads steps with counts, arguments and an id", () => {
    expect(parseFailPoint("RunPodSandbox(u1)=2*error(unavailable:gone: away)->delay(50)->off")).toEqual({
      method: "RunPodSandbox",
      id: "u1",
      steps: [
        { action: { type: "error", code: "unavailable", message: "gone: away" }, times: 2 },
        { action: { type: "delay", delayMs: 50 } },
        { action: { type: "off" } },
      ],
    });
    expect(parseFailPoint("*=wedge")).toEqual({ method: "*", steps: [{ action: { type: "wedge" } }] });
  });

  test.each(["", "RunPodSandbox", "=error(unknown)", "X=explode", "X=error(no-such-code)", "X=delay()", "X=delay(soon)", "X=2x*off"])(
    "refuses %j",
    (text) => {
      expect(() => parseFailPoint(text)).toThrow(/fail point/);
    },
  );
});

describe("fail points", () => {
  const none = { halfClose: () => undefined, vanish: () => undefined };
  const call = (method: string, ids: readonly string[] = []): { method: string; ids: readonly string[]; signal: AbortSignal } => ({
    method,
    ids,
    signal: new AbortController().signal,
  });

  test("use their steps up in order and then let calls pass", async () => {
    const points = createFailPoints({ clock: createFakeClock(), ...none });
    points.add("A=2*error(unavailable)->1*lose");
    await expect(points.apply(call("A"))).rejects.toMatchObject({ code: "unavailable" });
    expect(await points.apply(call("B"))).toBe("answer");
    await expect(points.apply(call("A"))).rejects.toMatchObject({ code: "unavailable" });
    expect(await points.apply(call("A"))).toBe("lose");
    expect(await points.apply(call("A"))).toBe("answer");
  });

  test("with an id concern only calls that name it, and stop when disposed", async () => {
    const points = createFailPoints({ clock: createFakeClock(), ...none });
    const point = points.add("*(c1)=error(internal)");
    expect(await points.apply(call("A", ["c2"]))).toBe("answer");
    await expect(points.apply(call("A", ["c1"]))).rejects.toMatchObject({ code: "internal" });
    point[Symbol.dispose]();
    expect(await points.apply(call("A", ["c1"]))).toBe("answer");
  });

  test("delay on the fake's clock", async () => {
    const clock = createFakeClock();
    const points = createFailPoints({ clock, ...none });
    points.add("A=delay(1000)");
    const applied = points.apply(call("A"));
    await clock.advance(999);
    expect(clock.pendingCount).toBe(1);
    await clock.advance(1);
    expect(await applied).toBe("answer");
  });

  test("that wedge let the call go when they are disposed", async () => {
    const points = createFailPoints({ clock: createFakeClock(), ...none });
    const point = points.add("A=wedge");
    const applied = points.apply(call("A"));
    point[Symbol.dispose]();
    expect(await applied).toBe("answer");
  });
});
