import type { Clock } from "@nk/stdx";
import { systemClock, withDeadline } from "@nk/stdx";
import { CgroupsError, isCgroupsError } from "../errors.ts";
import type { UnitProperty } from "./properties.ts";
import type { ManagerCall } from "./session.ts";
import { createSession, MANAGER } from "./session.ts";
import type { DbusValue } from "./wire.ts";
import { textOf } from "./wire.ts";

export interface SystemdOptions {
  /** The system bus. Default /run/dbus/system_bus_socket. */
  readonly socketPath?: string;
  /** How long an answer, or a job of systemd, may take. Default 30000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

interface Waiting {
  readonly signal?: AbortSignal;
}

/** The part of systemd's manager that makes, changes and ends units (org.freedesktop.systemd1(5)). Connects at the first call. */
export interface Systemd extends Disposable {
  /**
   * Makes a unit for this boot and waits until it is there. False when there is one of that name already: nothing was done. Rejects with
   * `systemd-refused` or `systemd-unreachable`; a lost connection is made anew at the next call.
   */
  startTransientUnit(name: string, properties: readonly UnitProperty[], options?: Waiting): Promise<boolean>;
  /** Changes properties for this boot. */
  setUnitProperties(name: string, properties: readonly UnitProperty[], options?: Waiting): Promise<void>;
  /** Ends a unit and waits until it is gone. False when there is none. */
  stopUnit(name: string, options?: Waiting): Promise<boolean>;
  /** The version, e.g. `252`; undefined when it does not begin with a number. */
  version(options?: Waiting): Promise<number | undefined>;
  close(): void;
}

/** What systemd does when a job for the unit exists: it goes. */
const REPLACE = "replace";

const isRefusal = (error: unknown, name: string): boolean =>
  isCgroupsError(error) && error.code === "systemd-refused" && error.details.errorName === `org.freedesktop.systemd1.${name}`;

/** `252` of a variant that holds e.g. `252.38-1~deb12u1`. */
const parseVersion = (answer: DbusValue | undefined): number | undefined => {
  const text = typeof answer === "object" && "value" in answer ? textOf(answer.value) : "";
  const digits = /^v?(\d+)/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Makes a client; nothing is connected before the first call. */
export const createSystemd = (options: SystemdOptions = {}): Systemd => {
  const { socketPath = "/run/dbus/system_bus_socket", timeoutMs = 30_000, clock = systemClock } = options;
  const session = createSession({ socketPath, timeoutMs, clock });

  const call = async (request: ManagerCall & { readonly unit: string }, { signal }: Waiting): Promise<readonly DbusValue[]> => {
    const { unit, ...rest } = request;
    using scope = withDeadline({ timeoutMs, clock, signal, what: `${rest.member} of ${unit}` });
    return await session.call(rest, scope.signal);
  };

  /** Starts a job for a unit and waits until it is over. */
  const runJob = async (request: ManagerCall & { readonly unit: string }, { signal }: Waiting): Promise<void> => {
    const { unit, ...rest } = request;
    const what = `${rest.member} of ${unit}`;
    using scope = withDeadline({ timeoutMs, clock, signal, what });
    const [job] = await session.call(rest, scope.signal);
    const result = await session.jobs.wait(textOf(job), scope.signal);
    if (result === "done") return;
    throw new CgroupsError("systemd-refused", `${what}: the job ended with ${result}`, { path: unit, errorName: result });
  };

  /** Does something to a unit; false when systemd refuses with an error of this name. */
  const unless = async (errorName: string, task: Promise<unknown>): Promise<boolean> => {
    try {
      await task;
      return true;
    } catch (error) {
      if (isRefusal(error, errorName)) return false;
      throw error;
    }
  };

  return {
    startTransientUnit: (unit, properties, waiting = {}) => {
      const body = [unit, REPLACE, properties, []];
      return unless("UnitExists", runJob({ unit, member: "StartTransientUnit", signature: "ssa(sv)a(sa(sv))", body }, waiting));
    },
    setUnitProperties: async (unit, properties, waiting = {}) =>
      void (await call({ unit, member: "SetUnitProperties", signature: "sba(sv)", body: [unit, true, properties] }, waiting)),
    stopUnit: async (unit, waiting = {}) => {
      const stopping = runJob({ unit, member: "StopUnit", signature: "ss", body: [unit, REPLACE] }, waiting);
      if (!(await unless("NoSuchUnit", stopping))) return false;
      // One that failed would stay listed.
      await unless("NoSuchUnit", call({ unit, member: "ResetFailedUnit", signature: "s", body: [unit] }, waiting));
      return true;
    },
    version: async (waiting = {}) => {
      const request = { interface: "org.freedesktop.DBus.Properties", member: "Get", signature: "ss" };
      const [answer] = await call({ ...request, unit: "the manager", body: [MANAGER.interface, "Version"] }, waiting);
      return parseVersion(answer);
    },
    close: () => session.close(),
    [Symbol.dispose]: () => session.close(),
  };
};
