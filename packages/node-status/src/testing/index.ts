export { apiError, createFakeNodeApi } from "./fake-node-api.ts";
export { createFakeFacts, FAKE_FACTS, FAKE_MACHINE, FAKE_NETWORK } from "./fake-facts.ts";
export type { FakeApiCall, FakeNodeApi } from "./fake-node-api.ts";
export type { FakeFacts } from "./fake-facts.ts";
