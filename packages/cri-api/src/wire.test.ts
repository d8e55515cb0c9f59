import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as api from "./index.ts";
import type { MessageFns } from "./index.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

test("the method table has the 41 RPCs of CRI v1", () => {
  expect(Object.values(api.CRI_METHODS).map((method: { service: string; name: string }) => `${method.service}/${method.name}`)).toEqual([
    "RuntimeService/Version",
    "RuntimeService/RunPodSandbox",
    "RuntimeService/StopPodSandbox",
    "RuntimeService/RemovePodSandbox",
    "RuntimeService/PodSandboxStatus",
    "RuntimeService/ListPodSandbox",
    "RuntimeService/StreamPodSandboxes",
    "RuntimeService/CreateContainer",
    "RuntimeService/StartContainer",
    "RuntimeService/StopContainer",
    "RuntimeService/RemoveContainer",
    "RuntimeService/ListContainers",
    "RuntimeService/StreamContainers",
    "RuntimeService/ContainerStatus",
    "RuntimeService/UpdateContainerResources",
    "RuntimeService/ReopenContainerLog",
    "RuntimeService/ExecSync",
    "RuntimeService/Exec",
    "RuntimeService/Attach",
    "RuntimeService/PortForward",
    "RuntimeService/ContainerStats",
    "RuntimeService/ListContainerStats",
    "RuntimeService/StreamContainerStats",
    "RuntimeService/PodSandboxStats",
    "RuntimeService/ListPodSandboxStats",
    "RuntimeService/StreamPodSandboxStats",
    "RuntimeService/UpdateRuntimeConfig",
    "RuntimeService/Status",
    "RuntimeService/CheckpointContainer",
    "RuntimeService/GetContainerEvents",
    "RuntimeService/ListMetricDescriptors",
    "RuntimeService/ListPodSandboxMetrics",
    "RuntimeService/StreamPodSandboxMetrics",
    "RuntimeService/RuntimeConfig",
    "RuntimeService/UpdatePodSandboxResources",
    "ImageService/ListImages",
    "ImageService/StreamImages",
    "ImageService/ImageStatus",
    "ImageService/PullImage",
    "ImageService/RemoveImage",
    "ImageService/ImageFsInfo",
  ]);
});

test("every method says its HTTP/2 path and only the seven streaming RPCs stream", () => {
  const methods: readonly { service: string; name: string; path: string; responseStream: boolean }[] = Object.values(api.CRI_METHODS);
  for (const { service, name, path } of methods) expect(path).toBe(`/runtime.v1.${service}/${name}`);
  expect(methods.filter((method) => method.responseStream).map((method) => method.name)).toEqual([
    "StreamPodSandboxes",
    "StreamContainers",
    "StreamContainerStats",
    "StreamPodSandboxStats",
    "GetContainerEvents",
    "StreamPodSandboxMetrics",
    "StreamImages",
  ]);
});

test("every message and enum of the proto file is exported by name", () => {
  const proto = readFileSync(join(import.meta.dirname, "../proto/runtime/v1/api.proto"), "utf8");
  const names = [...proto.matchAll(/^(?:message|enum) (\w+)/gm)].map((match) => match[1]);
  const exported = Object.keys(api);
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter((name) => name === undefined || !exported.includes(name))).toEqual([]);
});

/** The encoding in spaced hex, after a check that it decodes to what was encoded. Expected values are computed by hand from the field numbers. */
const wire = <T>(codec: MessageFns<T>, object: api.DeepPartial<T>): string => {
  const message = codec.fromPartial(object);
  const bytes = codec.encode(message).finish();
  expect(codec.decode(bytes)).toEqual(message);
  return (Buffer.from(bytes).toString("hex").match(/../g) ?? []).join(" ");
};

test("encodes strings, nested messages and varints by field number", () => {
  // 1: metadata { 1: "web", 2: "u", 3: "d", 4: 1 }, 2: "h"
  expect(wire(api.PodSandboxConfig, { metadata: { name: "web", uid: "u", namespace: "d", attempt: 1 }, hostname: "h" })).toBe(
    "0a 0d 0a 03 77 65 62 12 01 75 1a 01 64 20 01 12 01 68",
  );
});

test("encodes a map entry as key 1 and value 2", () => {
  // 9: labels { "a": "b" } => tag 0x4a
  expect(wire(api.ContainerConfig, { labels: { a: "b" } })).toBe("4a 06 0a 01 61 12 01 62");
});

test("encodes field numbers over 15 in two bytes", () => {
  // 18: stop_signal SIGTERM (23) => tag 18 << 3 = 144 = 0x90 0x01
  expect(wire(api.ContainerConfig, { stopSignal: api.Signal.SIGTERM })).toBe("90 01 17");
});

test("encodes negative and large 64-bit values without loss", () => {
  // 3: timeout = -1 in ExecSyncRequest => ten bytes of two's complement
  expect(wire(api.ExecSyncRequest, { timeout: -1n })).toBe("18 ff ff ff ff ff ff ff ff ff 01");
  // 2: 2^64 - 1
  expect(wire(api.HugepageLimit, { limit: 18446744073709551615n })).toBe("10 ff ff ff ff ff ff ff ff ff 01");
});

test("keeps an explicit zero of a wrapped value apart from an absent one", () => {
  // 3: run_as_user { } present and empty
  expect(wire(api.LinuxSandboxSecurityContext, { runAsUser: { value: 0n } })).toBe("1a 00");
  expect(wire(api.LinuxSandboxSecurityContext, {})).toBe("");
});

test("packs repeated numbers", () => {
  // 2: port [80, 443]
  expect(wire(api.PortForwardRequest, { port: [80, 443] })).toBe("12 03 50 bb 03");
});

test("carries bytes as they are", () => {
  expect(wire(api.ExecSyncResponse, { stdout: Buffer.from([0, 255]), exitCode: 3 })).toBe("0a 02 00 ff 18 03");
});

test("skips fields it does not know", () => {
  // VersionResponse 2: "x", unknown 100 (tag 0xa2 0x06) "yz"
  expect(api.VersionResponse.decode(bytesOf("12 01 78 a2 06 02 79 7a")).runtimeName).toBe("x");
});

test("round-trips a container status with nested lists", () => {
  const status = api.ContainerStatus.fromPartial({
    id: "c1",
    metadata: { name: "app", attempt: 2 },
    state: api.ContainerState.CONTAINER_EXITED,
    createdAt: 1_760_000_000_000_000_001n,
    exitCode: 137,
    reason: "OOMKilled",
    mounts: [{ containerPath: "/dev/termination-log", hostPath: "/x" }],
    user: { linux: { uid: 1000n, gid: 1000n, supplementalGroups: [1n, 2n] } },
    resources: { linux: { cpuShares: 102n, unified: { "memory.high": "1" } } },
  });
  expect(api.ContainerStatus.decode(api.ContainerStatus.encode(status).finish())).toEqual(status);
});

test("a message field left out decodes to undefined", () => {
  expect(api.ImageStatusResponse.decode(new Uint8Array()).image).toBeUndefined();
});
