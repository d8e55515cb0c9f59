export { createSimulatedRuntime } from "./simulated-runtime.ts";
export type { SimulatedRuntime, SimulatedRuntimeOptions } from "./simulated-runtime.ts";
export type { EventFaults } from "./event-wire.ts";
