import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDriverHandlers } from "./driver/handlers.ts";
import type { DriverOptions } from "./driver/handlers.ts";
import { createDriverState } from "./driver/state.ts";
import type { DriverState } from "./driver/state.ts";
import { createMemoryBackend } from "./memory-backend.ts";
import { startCsiServer } from "./server.ts";
import type { CsiHandlers, CsiServer } from "./server.ts";

/** What {@link startMemoryDriver} takes. */
export interface MemoryDriverOptions extends DriverOptions {
  /** Where its socket and its files are; default a new directory below the system's temporary one, removed in the end. */
  readonly directory?: string;
  /** Handlers instead of the driver's own: to see secrets, or to answer what no honest driver would. */
  readonly override?: CsiHandlers;
}

/** A driver that needs no privilege, behind a real socket. */
export interface MemoryDriver extends CsiServer {
  /** What it has; for tests to look at. It outlives `stop()`. */
  readonly state: DriverState;
}

/** Starts a driver with volumes (mounted and block), snapshots, groups, clones, expansion and statistics. */
export const startMemoryDriver = async (options: MemoryDriverOptions = {}): Promise<MemoryDriver> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "csi-memory-")));
  const state = createDriverState();
  const backend = await createMemoryBackend(directory);
  const handlers = { ...createDriverHandlers(options, { backend, state }), ...options.override };
  const server = await startCsiServer({
    socketPath: join(directory, "csi.sock"),
    handlers,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  return {
    ...server,
    state,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
};
