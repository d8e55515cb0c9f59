export { applyStatusPatch } from "./apply-status-patch.ts";
export { createFakePodApi } from "./fake-pod-api.ts";
export type { ApiMood, FakePodApi, FakePodApiOptions } from "./fake-pod-api.ts";
export { sketchApiPod, sketchStatus } from "./sketches.ts";
export type { ApiPodSketch, StatusSketch } from "./sketches.ts";
