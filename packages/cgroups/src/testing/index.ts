export { startFakeSystemd } from "./fake-systemd.ts";
export type { FakeSystemd, FakeSystemdOptions, SystemdCall } from "./fake-systemd.ts";
