export { createTestAuthority } from "./certificates.ts";
export type { IssuedCertificate, TestAuthority } from "./certificates.ts";
export { startFakeApiServer } from "./fake-api-server.ts";
export type { FakeApiServer, FakeApiServerOptions } from "./fake-api-server.ts";
export type { RecordedRequest } from "./api.ts";
export type { Fault, FaultAction, FaultMatch } from "./faults.ts";
export type { Relay } from "./relay.ts";
export type { ReviewOptions } from "./reviews.ts";
export type { FakeWatches } from "./watches.ts";
