import { systemClock } from "@nk/stdx";
import type { Bus } from "../systemd/bus.ts";
import { callBus, openBus } from "../systemd/bus.ts";
import type { DbusMessage } from "../systemd/message.ts";
import { MESSAGE_TYPES } from "../systemd/message.ts";
import type { DbusValue, Variant } from "../systemd/wire.ts";
import { textOf } from "../systemd/wire.ts";

export interface FakeSystemdOptions {
  /** The bus on which it takes systemd's name: one of your own, e.g. of a dbus-daemon in a test. */
  readonly socketPath: string;
  /** Called when a unit is made (`start`) or ended (`stop`), before its job is done: makes and removes cgroups as systemd would. */
  readonly onUnit?: (what: "start" | "stop", unit: string) => void | Promise<void>;
}

/** A call that the fake got. */
export interface SystemdCall {
  readonly member: string;
  readonly unit: string;
  /** Properties by name; of StartTransientUnit and SetUnitProperties. */
  readonly properties: { readonly [name: string]: DbusValue };
}

/** A systemd that knows units by name and does nothing else. */
export interface FakeSystemd extends AsyncDisposable {
  readonly calls: readonly SystemdCall[];
  /** The units that exist. */
  readonly units: ReadonlySet<string>;
  /** What the next jobs end with, instead of `done`; `never`: they do not end. Until it is called again without a result. */
  endJobsWith(result?: string): void;
  /** Answers the next calls of a method with an error of this name. */
  refuse(member: string, errorName?: string): void;
  close(): void;
}

const NAME = "org.freedesktop.systemd1";
const PATH = "/org/freedesktop/systemd1";
const MANAGER = `${NAME}.Manager`;

const isList = (value: DbusValue | undefined): value is readonly DbusValue[] => Array.isArray(value);

const readProperties = (list: DbusValue | undefined): { readonly [name: string]: DbusValue } =>
  Object.fromEntries(
    (isList(list) ? list : []).map((entry) => (isList(entry) ? [textOf(entry[0]), (entry[1] as Variant).value] : ["", ""])),
  );

/** Where a method has its properties. */
const PROPERTIES_AT: { readonly [member: string]: number } = { StartTransientUnit: 2, SetUnitProperties: 2 };

/** Takes systemd's name on a bus and answers there. */
export const startFakeSystemd = async (options: FakeSystemdOptions): Promise<FakeSystemd> => {
  const calls: SystemdCall[] = [];
  const units = new Set<string>();
  const refusals = new Map<string, string>();
  let jobResult = "done";
  let jobCount = 0;

  const reply = (to: DbusMessage, signature: string, body: readonly DbusValue[]): void =>
    bus.send({
      type: MESSAGE_TYPES.reply,
      replySerial: to.serial,
      ...(to.sender === undefined ? {} : { destination: to.sender }),
      signature,
      body,
    });

  const fail = (to: DbusMessage, errorName: string): void =>
    bus.send({
      type: MESSAGE_TYPES.error,
      replySerial: to.serial,
      errorName,
      ...(to.sender === undefined ? {} : { destination: to.sender }),
      signature: "s",
      body: ["refused by the test"],
    });

  const runJob = async (call: DbusMessage, what: "start" | "stop", unit: string): Promise<void> => {
    jobCount += 1;
    const job = `${PATH}/job/${jobCount}`;
    await options.onUnit?.(what, unit);
    reply(call, "o", [job]);
    if (jobResult === "never") return;
    if (jobResult === "done" && what === "start") units.add(unit);
    if (jobResult === "done" && what === "stop") units.delete(unit);
    bus.send({
      type: MESSAGE_TYPES.signal,
      path: PATH,
      interface: MANAGER,
      member: "JobRemoved",
      signature: "uoss",
      body: [jobCount, job, unit, jobResult],
    });
  };

  const answer = async (call: DbusMessage): Promise<void> => {
    const { member = "", body } = call;
    const unit = typeof body[0] === "string" ? body[0] : "";
    if (member === "Get") {
      reply(call, "v", [{ signature: "s", value: "252.38-1~deb12u1" }]);
      return;
    }
    if (member !== "Subscribe") calls.push({ member, unit, properties: readProperties(body[PROPERTIES_AT[member] ?? -1]) });
    const refusal = refusals.get(member);
    if (refusal !== undefined) fail(call, refusal);
    else if (member === "StartTransientUnit" && units.has(unit)) fail(call, `${NAME}.UnitExists`);
    else if (member === "StartTransientUnit") await runJob(call, "start", unit);
    else if (["StopUnit", "SetUnitProperties", "ResetFailedUnit"].includes(member) && !units.has(unit)) fail(call, `${NAME}.NoSuchUnit`);
    else if (member === "StopUnit") await runJob(call, "stop", unit);
    else reply(call, "", []);
  };

  const bus: Bus = await openBus({
    socketPath: options.socketPath,
    timeoutMs: 10_000,
    clock: systemClock,
    onMessage: (message) => {
      if (message.type === MESSAGE_TYPES.call) void answer(message);
    },
  });
  await callBus(bus, { member: "RequestName", signature: "su", body: [NAME, 0] });

  return {
    calls,
    units,
    endJobsWith: (result = "done") => {
      jobResult = result;
    },
    refuse: (member, errorName) => {
      if (errorName === undefined) refusals.delete(member);
      else refusals.set(member, errorName);
    },
    close: () => bus.close(),
    [Symbol.asyncDispose]: () => Promise.resolve(bus.close()),
  };
};
