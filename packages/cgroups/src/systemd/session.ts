import type { Clock } from "@nk/stdx";
import { raceSignal } from "@nk/stdx";
import type { Bus } from "./bus.ts";
import { BUS, callBus, openBus } from "./bus.ts";
import type { Jobs } from "./jobs.ts";
import { createJobs } from "./jobs.ts";
import { MESSAGE_TYPES } from "./message.ts";
import type { DbusMessage } from "./message.ts";
import { textOf } from "./wire.ts";
import type { DbusValue } from "./wire.ts";

/** The object of systemd that manages units (org.freedesktop.systemd1(5)). */
export const MANAGER = {
  destination: "org.freedesktop.systemd1",
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
} as const;

/** Who has systemd's name: it has another connection after it was re-executed. */
const NAME_MOVED = `type='signal',sender='${BUS.destination}',interface='${BUS.interface}',member='NameOwnerChanged',arg0='${MANAGER.destination}'`;

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

/** Lets through what systemd signals: everybody on the bus may send us a signal, by whatever name but with their own connection's as the sender. */
const createOwner = (
  onSignal: (message: DbusMessage) => void,
): { readonly onMessage: (message: DbusMessage) => void; readonly set: (name: string) => void } => {
  let owner = "";
  return {
    onMessage: (message) => {
      const { type, sender, member, body } = message;
      if (type !== MESSAGE_TYPES.signal || sender === undefined) return;
      if (sender === owner && message.interface === MANAGER.interface) onSignal(message);
      // The bus itself; its name is nobody else's.
      if (sender === BUS.destination && member === "NameOwnerChanged" && body[0] === MANAGER.destination) owner = textOf(body[2]);
    },
    set: (name) => {
      // What the bus has told of since is newer.
      if (owner === "") owner = name;
    },
  };
};

/** Connects to nothing yet. */
export const createSession = (options: { readonly socketPath: string; readonly timeoutMs: number; readonly clock: Clock }): Session => {
  const jobs = createJobs();
  let bus: Bus | undefined;
  let connecting: Promise<Bus> | undefined;

  const connect = async (): Promise<Bus> => {
    const owner = createOwner(jobs.onRemoved);
    const made = await openBus({ ...options, onMessage: owner.onMessage, onClose: jobs.fail });
    try {
      for (const match of [NAME_MOVED, JOB_REMOVED]) await callBus(made, { member: "AddMatch", signature: "s", body: [match] });
      // Without it systemd sends no signals.
      await made.call({ ...MANAGER, member: "Subscribe" });
      owner.set(textOf((await callBus(made, { member: "GetNameOwner", signature: "s", body: [MANAGER.destination] }))[0]));
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
