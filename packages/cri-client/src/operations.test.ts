import { CRI_METHODS, ExecSyncRequest, StopContainerRequest } from "@nk/cri-api";
import { expect, test } from "vitest";
import { computeTimeoutMs, OPERATION_TYPES } from "./operations.ts";

test("every RPC has an operation type, in the reference's spelling", () => {
  expect(Object.keys(OPERATION_TYPES).toSorted()).toEqual(Object.keys(CRI_METHODS).toSorted());
  expect([...new Set(Object.values(OPERATION_TYPES))].toSorted()).toEqual([
    "attach",
    "checkpoint_container",
    "container_stats",
    "container_status",
    "create_container",
    "exec",
    "exec_sync",
    "get_container_events",
    "image_fs_info",
    "image_status",
    "list_container_stats",
    "list_containers",
    "list_images",
    "list_metric_descriptors",
    "list_podsandbox",
    "list_podsandbox_metrics",
    "list_podsandbox_stats",
    "podsandbox_stats",
    "podsandbox_status",
    "port_forward",
    "pull_image",
    "remove_container",
    "remove_image",
    "remove_podsandbox",
    "reopen_container_log",
    "run_podsandbox",
    "runtime_config",
    "start_container",
    "status",
    "stop_container",
    "stop_podsandbox",
    "update_container",
    "update_podsandbox_resources",
    "update_runtime_config",
    "version",
  ]);
});

const never = Number.POSITIVE_INFINITY;

test.each([
  { method: "version", request: {}, expected: 120_000 },
  { method: "listContainers", request: {}, expected: 120_000 },
  { method: "runPodSandbox", request: {}, expected: 240_000 },
  { method: "pullImage", request: {}, expected: never },
  { method: "getContainerEvents", request: {}, expected: never },
  { method: "execSync", request: ExecSyncRequest.fromPartial({ timeout: 3n }), expected: 123_000 },
  { method: "execSync", request: ExecSyncRequest.fromPartial({}), expected: never },
  { method: "stopContainer", request: StopContainerRequest.fromPartial({ timeout: 30n }), expected: 150_000 },
  { method: "stopContainer", request: StopContainerRequest.fromPartial({ timeout: 0n }), expected: 120_000 },
] as const)("$method with $request may take $expected ms", ({ method, request, expected }) => {
  expect(computeTimeoutMs({ method, request, timeoutMs: 120_000 })).toBe(expected);
});
