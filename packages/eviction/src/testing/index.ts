export { createFakeNode } from "./fake-node.ts";
export type { FakeNode, FakeNodeOptions, FakeRest, FakeUsage } from "./fake-node.ts";
export { sketchPod } from "./sketch-pod.ts";
export type { PodSketch } from "./sketch-pod.ts";
