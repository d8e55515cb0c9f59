export { createFakePlugin } from "./fake-plugin.ts";
export type { FakeCall, FakePlugin, FakePluginOptions, FakePluginScript, FakeReply } from "./fake-plugin.ts";
export { createNetworkSandbox } from "./network-sandbox.ts";
export type { NetworkSandbox, NetworkSandboxOptions, SandboxContainer } from "./network-sandbox.ts";
export { createPluginDriver } from "./plugin-driver.ts";
export type { DriverCall, PluginDriver, PluginDriverOptions, PluginOutcome } from "./plugin-driver.ts";
