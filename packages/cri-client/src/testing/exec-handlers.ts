import { notFound, StatusError } from "./status-error.ts";
import type { FakeContainer } from "./store.ts";
import type { FakeHandlers, FakeWorld } from "./world.ts";

/** Commands in containers, and where streaming sessions would be served. */
export const execHandlers = (world: FakeWorld): FakeHandlers => {
  const getRunning = (id: string): FakeContainer => {
    const container = world.store.containers.get(id);
    if (container === undefined) throw notFound("failed to find container", id);
    if (container.state !== "running") throw new StatusError("unknown", `container is in ${container.state} state`);
    return container;
  };
  return {
    execSync: async ({ containerId, cmd, timeout }, { signal }) => {
      const result = world.execute(getRunning(containerId), cmd);
      const { stdout = "", stderr = "", exitCode = 0, afterMs = 0 } = result;
      const limitMs = timeout > 0n ? Number(timeout) * 1000 : Number.POSITIVE_INFINITY;
      if (afterMs > 0) await world.clock.sleep(Math.min(afterMs, limitMs), { signal });
      if (afterMs > limitMs)
        throw new StatusError("deadline-exceeded", `failed to exec in container: timeout ${String(timeout)}s exceeded`);
      return { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode };
    },
    exec: ({ containerId }) => ({ url: `http://127.0.0.1:1/exec/${getRunning(containerId).id.slice(0, 8)}` }),
    attach: ({ containerId }) => ({ url: `http://127.0.0.1:1/attach/${getRunning(containerId).id.slice(0, 8)}` }),
  };
};
