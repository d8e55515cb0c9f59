import { ContainerEventType } from "@nk/cri-api";
import { appendLog, createLogFile, joinLogPath } from "./container-log.ts";
import { StatusError } from "./status-error.ts";
import type { FakeContainer, FakeSandbox } from "./store.ts";
import type { FakeWorld } from "./world.ts";

/** How a container ended. */
export interface FakeExit {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

const emit = (world: FakeWorld, type: ContainerEventType, container: FakeContainer): void => {
  const sandbox = world.store.sandboxes.get(container.sandboxId);
  if (sandbox !== undefined) world.hub.emit(type, sandbox, container.id);
};

/** Ends a container that runs or was only created. Does nothing when it has ended already. */
export const endContainer = (world: FakeWorld, container: FakeContainer, exit: FakeExit): void => {
  if (container.state === "exited") return;
  container.state = "exited";
  container.exitCode = exit.exitCode;
  container.reason = exit.reason ?? (exit.exitCode === 0 ? "Completed" : "Error");
  container.message = exit.message ?? "";
  container.finishedAtNanos = world.store.nowNanos();
  emit(world, ContainerEventType.CONTAINER_STOPPED_EVENT, container);
};

/** Starts a created container; throws what containerd throws for another state. */
export const beginContainer = (world: FakeWorld, container: FakeContainer): void => {
  if (container.state !== "created") {
    throw new StatusError("unknown", `failed to start container "${container.id}": container is in ${container.state} state`);
  }
  const sandbox = world.store.sandboxes.get(container.sandboxId);
  if (sandbox?.state !== "ready") throw new StatusError("unknown", `sandbox container "${container.sandboxId}" is not running`);
  const program = world.program(container) ?? {};
  const logPath = joinLogPath(sandbox, container);
  if (world.logs && logPath !== "") createLogFile(logPath);
  if (program.startError !== undefined) {
    container.startedAtNanos = 0n;
    // containerd sends no event for this end: only the caller and a list know of it.
    container.state = "exited";
    container.exitCode = 128;
    container.reason = "StartError";
    container.message = program.startError;
    container.finishedAtNanos = world.store.nowNanos();
    throw new StatusError("unknown", program.startError);
  }
  container.state = "running";
  container.startedAtNanos = world.store.nowNanos();
  if (world.logs && logPath !== "" && program.output !== undefined) {
    appendLog(logPath, { stream: "stdout", text: program.output, nowMs: world.clock.nowMs() });
  }
  emit(world, ContainerEventType.CONTAINER_STARTED_EVENT, container);
  if (program.exitAfterMs === undefined) return;
  const { exitCode = 0, reason } = program;
  world.clock.schedule(program.exitAfterMs, () =>
    endContainer(world, container, { exitCode, ...(reason === undefined ? {} : { reason }) }),
  );
};

/** Stop signal, grace period, SIGKILL. */
export const stopContainer = async (world: FakeWorld, container: FakeContainer, graceSeconds: bigint): Promise<void> => {
  if (container.state !== "running") return;
  const program = world.program(container) ?? {};
  if (graceSeconds > 0n && program.ignoresStop !== true) {
    endContainer(world, container, { exitCode: program.stopExitCode ?? 143 });
    return;
  }
  // The kill comes even when the caller has given up waiting, as it does in containerd.
  if (graceSeconds > 0n) await world.clock.sleep(Number(graceSeconds) * 1000);
  endContainer(world, container, { exitCode: 137 });
};

/** Forgets a container, killing it first. */
export const removeContainer = (world: FakeWorld, container: FakeContainer): void => {
  if (container.state === "running") endContainer(world, container, { exitCode: 137 });
  world.store.containers.delete(container.id);
  emit(world, ContainerEventType.CONTAINER_DELETED_EVENT, container);
};

/** Kills what runs in the sandbox and gives its addresses back. */
export const stopSandbox = (world: FakeWorld, sandbox: FakeSandbox): void => {
  for (const container of world.store.containers.values()) {
    if (container.sandboxId === sandbox.id && container.state === "running") endContainer(world, container, { exitCode: 137 });
  }
  if (sandbox.state === "notready") return;
  sandbox.state = "notready";
  sandbox.ips = [];
  world.hub.emit(ContainerEventType.CONTAINER_STOPPED_EVENT, sandbox, sandbox.id);
};
