import type { Clock } from "@nk/stdx";
import { raceSignal } from "@nk/stdx";
import type { Bus } from "./bus.ts";
import { callBus, openBus } from "./bus.ts";
import type { Jobs } from "./jobs.ts";
import { createJobs } from "./jobs.ts";
import type { DbusValue } from "./wire.ts";

/** The object of systemd that manages units (org.freedesktop.systemd1(5)). */
export const MANAGER = {
  destination: "org.freedesktop.systemd1",
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
} as const;

const JOB_REMOVED = `type='signal',sender='${MANAGER.destination}',interface='${MANAGER.interface}',member='JobRemoved'`;

/** A method of the manager, or of another interface of that object. */
export interface ManagerCall {
  readonly interface?: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly DbusValue[];
}

/** The connection to systemd, made at the first call and again after it was lost. */
export interface Session {
  call(request: ManagerCall, signal: AbortSignal): Promise<readonly DbusValue[]>;
  readonly jobs: Jobs;
  close(): void;
}

/** Connects to nothing yet. */
export const createSession = (options: { readonly socketPath: string; readonly timeoutMs: number; readonly clock: Clock }): Session => {
  const jobs = createJobs();
  let bus: Bus | undefined;
  let connecting: Promise<Bus> | undefined;

  const connect = async (): Promise<Bus> => {
    const made = await openBus({ ...options, onMessage: jobs.onRemoved, onClose: jobs.fail });
    try {
      await callBus(made, { member: "AddMatch", signature: "s", body: [JOB_REMOVED] });
      // Without it systemd sends no signals.
      await made.call({ ...MANAGER, member: "Subscribe" });
      bus = made;
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  };

  /** One connection for all; a caller that gives up does not end the attempt of the others. */
  const connected = (signal: AbortSignal): Promise<Bus> => {
    if (bus?.isOpen === false) {
      bus = undefined;
      connecting = undefined;
    }
    connecting ??= connect().catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return raceSignal(connecting, signal);
  };

  return {
    call: async (request, signal) => (await connected(signal)).call({ ...MANAGER, ...request }, { signal }),
    jobs,
    close: () => {
      connecting?.then((open) => open.close()).catch(() => undefined);
    },
  };
};
