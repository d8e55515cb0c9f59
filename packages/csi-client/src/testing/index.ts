export { ALL_FEATURES } from "./driver/identity.ts";
export { createDriverHandlers } from "./driver/handlers.ts";
export type { DriverOptions, DriverParts } from "./driver/handlers.ts";
export type {
  ContentSource,
  DriverBackend,
  PublishTarget,
  SnapshotStorage,
  StorageUsage,
  VolumeMounts,
  VolumeStorage,
} from "./driver/ports.ts";
export { createDriverState } from "./driver/state.ts";
export type { DriverGroup, DriverPublication, DriverSnapshot, DriverState, DriverVolume } from "./driver/state.ts";
export type { FailAction, FailPoint } from "./fail-points.ts";
export { createGrpcListener } from "./listener.ts";
export type { GrpcListener, GrpcService } from "./listener.ts";
export { createGrpcService } from "./grpc-service.ts";
export type { GrpcCall, GrpcCodec, GrpcMethod } from "./grpc-service.ts";
export { startMemoryDriver } from "./memory-driver.ts";
export type { MemoryDriver, MemoryDriverOptions } from "./memory-driver.ts";
export { runSanity, SANITY_CHECKS } from "../sanity/suite.ts";
export type { SanityOptions, SanityReport, SanityResult } from "../sanity/suite.ts";
export type { SanityCheck } from "../sanity/check.ts";
export { startCsiServer } from "./server.ts";
export type { CsiHandlers, CsiServer, CsiServerOptions, RecordedCall } from "./server.ts";
export { CsiStatusError } from "./status-error.ts";
