import type { ProxiedCall } from "@nk/tool-recordings";
import { expect, it } from "vitest";
import { findLeftovers } from "./leftovers.ts";

const call = (method: string, request: object, response: object = {}): ProxiedCall => ({
  method,
  request,
  response,
  error: undefined,
  answeredAtMs: 0,
});
const sandbox = call("RunPodSandbox", { config: { metadata: { name: "web" } } }, { podSandboxId: "s1" });
const container = call("CreateContainer", { podSandboxId: "s1", config: { metadata: { name: "main" } } }, { containerId: "c1" });

it.each([
  ["a sandbox and its container", [sandbox, container], ["the sandbox of pod web", "container main of pod web"]],
  [
    "a sandbox whose container was removed",
    [sandbox, container, call("RemoveContainer", { containerId: "c1" })],
    ["the sandbox of pod web"],
  ],
  ["nothing when the sandbox went with its container", [sandbox, container, call("RemovePodSandbox", { podSandboxId: "s1" })], []],
  [
    "a container that was only stopped",
    [sandbox, container, call("StopContainer", { containerId: "c1" })],
    ["the sandbox of pod web", "container main of pod web"],
  ],
] as const)("finds %s", (_what, calls, left) => {
  expect(findLeftovers(calls)).toEqual(left);
});
