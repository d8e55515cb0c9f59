import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

test.each([
  ["nothing", undefined, [2, 3, 0]],
  ["an image volume", "ImageVolumeMountFailed: no such layer", [2, 0, 3]],
  ["something else", "no space", [2, 0, 0]],
])("image volumes are counted when %s keeps the container from being created", async (_what, problem, counts) => {
  const metrics = createRecordingMetrics();
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(fake.ports, { clock, random: () => 0, metrics });
  const volumes = [
    { name: "a", image: { reference: "x" } },
    { name: "b", image: { reference: "y" } },
    { name: "plain", emptyDir: {} },
  ];
  if (problem !== undefined) fake.runtime.faults = ({ name }) => (name === "CreateContainer" ? { error: new Error(problem) } : undefined);
  const volumeMounts = ["a", "a", "b", "plain"].map((name, index) => ({ name, mountPath: `/m${index}` }));
  await podSync.sync(samplePod({ volumes, containers: [{ name: "main", image: "busybox", volumeMounts }] }), {
    signal: new AbortController().signal,
  });
  expect(
    ["requested_total", "mounted_succeed_total", "mounted_errors_total"].map((name) => metrics.value(`kubelet_image_volume_${name}`)),
  ).toEqual(counts);
});
