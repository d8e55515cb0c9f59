export { createFakePorts } from "./fake-ports.ts";
export type { FakeOperation, FakePorts, FakePortsOptions } from "./fake-ports.ts";
export { sketchPod, sketchRuntimePod } from "./pods.ts";
export type { PodSketch } from "./pods.ts";
