import { describe, expect, it } from "vitest";
import type { ProxiedCall } from "@nk/tool-recordings";
import { pickPodCalls, subjectOf } from "./pod-calls.ts";

const call = (method: string, request: object, response: object = {}): ProxiedCall => ({
  method,
  request,
  response,
  error: undefined,
  answeredAtMs: 1,
});

const run = (uid: string, sandboxId: string): ProxiedCall =>
  call("RunPodSandbox", { config: { metadata: { uid, name: "p" } } }, { podSandboxId: sandboxId });

const create = (sandboxId: string, containerId: string, attempt = 0): ProxiedCall =>
  call(
    "CreateContainer",
    { podSandboxId: sandboxId, config: { metadata: { name: "main", attempt } }, sandboxConfig: { metadata: { uid: "u1" } } },
    { containerId },
  );

describe("pickPodCalls", () => {
  it("follows a pod from its uid to its sandbox and its containers, and leaves other pods and questions out", () => {
    const all = [
      run("u1", "s1"),
      run("u2", "s2"),
      call("ListContainers", {}),
      create("s1", "c1"),
      call("StartContainer", { containerId: "c1" }),
      call("StartContainer", { containerId: "c9" }),
      call("StopPodSandbox", { podSandboxId: "s1" }),
      call("StopPodSandbox", { podSandboxId: "s2" }),
    ];
    const { calls, words } = pickPodCalls(all, "u1");
    expect(calls.map(({ method }) => method)).toEqual(["RunPodSandbox", "CreateContainer", "StartContainer", "StopPodSandbox"]);
    expect(words).toEqual([
      ["s1", "<sandbox0>"],
      ["c1", "<container main 0>"],
    ]);
  });

  it("keeps why a call failed, and the answers that name something", () => {
    const failed = {
      ...call("PullImage", { image: { image: "x" }, sandboxConfig: { metadata: { uid: "u1" } } }),
      error: { code: 2, details: "no" },
    };
    const { calls } = pickPodCalls([run("u1", "s1"), failed], "u1");
    expect(calls).toMatchObject([{ res: { pod_sandbox_id: "s1" } }, { err: { code: 2, details: "no" } }]);
    expect(calls[1]).not.toHaveProperty("res");
  });

  it("leaves the sandbox's configuration out of CreateContainer, as the recorder did", () => {
    const { calls } = pickPodCalls([run("u1", "s1"), create("s1", "c1")], "u1");
    expect(calls[1]?.req).not.toHaveProperty("sandbox_config");
  });
});

describe("subjectOf", () => {
  it.each([
    ["CreateContainer", { config: { metadata: { name: "main", attempt: 2 } } }, "main 2"],
    ["StopContainer", { container_id: "<container main 2>" }, "main 2"],
    ["StopPodSandbox", { pod_sandbox_id: "<sandbox0>" }, "sandbox0"],
    ["PullImage", { image: { image: "busybox" } }, "busybox"],
  ])("names what %s is about", (method, req, subject) => {
    expect(subjectOf({ method, req: req as never })).toBe(subject);
  });
});
