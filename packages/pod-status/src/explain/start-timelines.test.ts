import type { PodStatus } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createStartTimelines } from "./start-timelines.ts";
import type { StartTimelinesOptions, StepMark } from "./start-timelines.ts";

const READY: PodStatus = { conditions: [{ type: "Ready", status: "True" }] };
const NOT_READY: PodStatus = { conditions: [{ type: "Ready", status: "False" }] };

/** `+sandbox` begins, `-create/main` ends, `ready`, `not-ready`; each takes place one second after the one before it. */
const play = async (script: string, options: StartTimelinesOptions = {}): Promise<readonly string[]> => {
  const clock = createFakeClock();
  const startMs = clock.nowMs();
  const timelines = createStartTimelines({ clock, ...options });
  for (const word of script.split(" ")) {
    const [name = "", containerName] = word.slice(1).split("/");
    if (word === "ready") timelines.changed("u", READY);
    else if (word === "not-ready") timelines.changed("u", NOT_READY);
    else if (word === "forget") timelines.forget("u");
    else
      timelines.mark("u", {
        name: name as StepMark["name"],
        ...(containerName === undefined ? {} : { containerName }),
        isEnded: word.startsWith("-"),
      });
    await clock.advance(1000);
  }
  return timelines.list("u").map(({ step, container, spans }) => {
    const shown = spans.map(({ beginMs, endMs }) => `${(beginMs - startMs) / 1000}-${endMs === undefined ? "" : (endMs - startMs) / 1000}`);
    return `${step}${container === undefined ? "" : `/${container}`} ${shown.join(",")}`;
  });
};

describe("createStartTimelines", () => {
  it.each<[what: string, script: string, expected: readonly string[]]>([
    ["a step that ends", "+admit -admit", ["admit 0-1"]],
    ["a step that is under way", "+admit", ["admit 0-"]],
    ["steps that overlap", "+admit -admit +volumes +sandbox -volumes -sandbox", ["admit 0-1", "volumes 2-4", "sandbox 3-5"]],
    ["containers apart", "+admit -admit +pull/a +pull/b -pull/b -pull/a", ["admit 0-1", "pull/a 2-5", "pull/b 3-4"]],
    ["another try", "+admit -admit +sandbox -sandbox +sandbox", ["admit 0-1", "sandbox 2-3,4-"]],
    ["ready from the last end on", "+admit -admit +sandbox -sandbox not-ready ready", ["admit 0-1", "sandbox 2-3", "ready 3-5"]],
    ["nothing after ready", "+admit -admit +sandbox -sandbox ready +sandbox ready", ["admit 0-1", "sandbox 2-3", "ready 3-4"]],
    ["a pod that an earlier kubelet started", "+admit -admit ready +pull/a", []],
    ["a pod that was never admitted here", "+sandbox -sandbox ready", []],
    ["an end without a beginning", "+admit -admit -pull/a", ["admit 0-1"]],
    ["a forgotten pod", "+admit -admit forget", []],
    ["a pod that comes back", "+admit -admit forget +admit", ["admit 3-"]],
  ])("records %s", async (_, script, expected) => {
    expect(await play(script)).toEqual(expected);
  });

  it("keeps no more steps and tries than it may", async () => {
    expect(await play("+admit -admit +pull/a +pull/b -pull/b", { maxSteps: 2 })).toEqual(["admit 0-1", "pull/a 2-"]);
    expect(await play("+admit -admit +pull/a -pull/a +pull/a -pull/a +pull/a -pull/a", { maxSpans: 2 })).toEqual([
      "admit 0-1",
      "pull/a 2-3,4-7",
    ]);
  });

  it("gives away copies", () => {
    const timelines = createStartTimelines({ clock: createFakeClock() });
    timelines.mark("u", { name: "admit", isEnded: false });
    const before = timelines.list("u");
    timelines.mark("u", { name: "admit", isEnded: true });
    expect(before[0]?.spans[0]).not.toHaveProperty("endMs");
  });
});
