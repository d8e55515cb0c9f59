export { createFakePorts, FAKE_NODE } from "./fake-ports.ts";
export type { FakeFailure, FakePorts } from "./fake-ports.ts";
export { createFakeRuntime } from "./fake-runtime.ts";
export type { FakeCall, FakeFault, FakeFaultRule, FakeRuntime } from "./fake-runtime.ts";
export { samplePod } from "./sample-pod.ts";
export { sampleContainer, sampleSandbox, sampleStatus } from "./sample-status.ts";
export type { SampleContainer } from "./sample-status.ts";
