import { describe, expect, it } from "vitest";
import { CLUSTER_MEASUREMENTS, parseBenchOptions, STANDALONE_MEASUREMENTS, UsageError } from "./options.ts";

const COMMON = { json: false, containerd: "2.1", idleSeconds: 30, yes: false, kubelet: undefined, log: undefined };

describe("parseBenchOptions", () => {
  it("measures everything with an API server when nothing is said", () => {
    expect(parseBenchOptions([])).toEqual({
      ...COMMON,
      mode: "cluster",
      only: CLUSTER_MEASUREMENTS,
      pods: 20,
      burstPods: 60,
      controlPlane: undefined,
    });
  });

  it("measures static pods when asked to", () => {
    expect(parseBenchOptions(["--standalone"])).toEqual({ ...COMMON, mode: "standalone", only: STANDALONE_MEASUREMENTS, pods: 40 });
  });

  it("keeps the order of the measurements, however they are named", () => {
    expect(parseBenchOptions(["--standalone", "--only", "idle,start", "--pods=3"])).toMatchObject({ only: ["start", "idle"], pods: 3 });
    expect(parseBenchOptions(["--only", "burst,single"])).toMatchObject({ only: ["single", "burst"] });
  });

  it.each([
    [["--only", "speed"]],
    [["--only", "idle"]],
    [["--standalone", "--only", "single"]],
    [["--standalone", "--control-plane=real"]],
    [["--standalone", "--burst-pods=5"]],
    [["--control-plane", "borrowed"]],
    [["--containerd", "1.7"]],
    [["--pods", "0"]],
    [["--burst-pods", "0"]],
    [["--idle-seconds", "1.5"]],
    [["--fast"]],
  ])("refuses %j", (argv) => {
    expect(() => parseBenchOptions(argv)).toThrow(UsageError);
  });
});
