export { openFakeHost } from "./fake-host.ts";
export type { FakeCgroup, FakeHost, FakeHostOptions } from "./fake-host.ts";
