import { createConnection } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import type { Clock } from "@nk/stdx";
import { raceSignal, withDeadline } from "@nk/stdx";
import { CgroupsError, errnoOf } from "../errors.ts";
import type { DbusMessage } from "./message.ts";
import { decodeMessage, encodeMessage, MESSAGE_TYPES, messageLength } from "./message.ts";
import type { DbusValue } from "./wire.ts";

/** A method of an object on the bus. */
export interface DbusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly DbusValue[];
}

/** One connection to a message bus. */
export interface Bus {
  /** The answer's values; rejects with `systemd-refused` for an error, `systemd-unreachable` when the bus goes away first. */
  call(call: DbusCall, options?: { readonly signal?: AbortSignal }): Promise<readonly DbusValue[]>;
  /** Sends what is no call: a signal, or an answer. */
  send(message: Omit<DbusMessage, "serial">): void;
  readonly isOpen: boolean;
  close(): void;
}

export interface BusOptions {
  readonly socketPath: string;
  /** How long connecting, and every answer, may take. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Gets signals, and calls from others. */
  readonly onMessage: (message: DbusMessage) => void;
  /** Called once when the connection ends, whoever ended it. */
  readonly onClose?: (error: Error) => void;
}

/** The bus itself, as one of those on it. */
export const BUS = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

/** The longest line of the handshake is a number of 32 digits. */
const MAX_LINE_BYTES = 1024;

const unreachable = (socketPath: string, what: string, cause?: unknown): CgroupsError =>
  new CgroupsError("systemd-unreachable", `reach systemd over ${socketPath}: ${what}`, { path: socketPath, cause });

const refused = (call: DbusCall, message: DbusMessage): CgroupsError => {
  const [text] = message.body;
  const words = typeof text === "string" ? text.slice(0, 500) : "";
  return new CgroupsError("systemd-refused", `${call.member} of ${call.destination}: ${message.errorName ?? "error"}: ${words}`, {
    path: call.path,
    ...(message.errorName === undefined ? {} : { errorName: message.errorName }),
  });
};

/** One line of the handshake, without its end; what follows it stays for later. */
const readLine = async (socket: Socket, signal: AbortSignal): Promise<string> => {
  let text = "";
  while (!text.endsWith("\r\n")) {
    const piece = socket.read(1) as Buffer | null;
    if (piece === null) {
      if (socket.readableEnded || socket.destroyed) throw new Error("it closed the connection");
      await Promise.race([once(socket, "readable", { signal }), once(socket, "end", { signal })]);
      continue;
    }
    text += piece.toString("latin1");
    if (text.length > MAX_LINE_BYTES) throw new Error("it is no message bus");
  }
  return text.trimEnd();
};

/** Says who we are by our user id, which the other side compares with what the kernel tells it. */
const authenticate = async (socket: Socket, signal: AbortSignal): Promise<void> => {
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  const answer = await readLine(socket, signal);
  if (!answer.startsWith("OK ")) throw new Error(`it does not accept user ${process.getuid?.() ?? 0}`);
  socket.write("BEGIN\r\n");
};

/** Cuts what comes in into messages. */
const createFramer = (onMessage: (message: DbusMessage) => void): ((bytes: Buffer) => void) => {
  let left: Buffer = Buffer.alloc(0);
  return (bytes) => {
    left = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
    for (let length = messageLength(left); length !== undefined && left.length >= length; length = messageLength(left)) {
      const message = decodeMessage(left.subarray(0, length));
      left = left.subarray(length);
      onMessage(message);
    }
  };
};

interface Waiting {
  readonly call: DbusCall;
  readonly resolve: (body: readonly DbusValue[]) => void;
  readonly reject: (error: Error) => void;
}

const connect = async (options: BusOptions, signal: AbortSignal): Promise<Socket> => {
  const socket = createConnection({ path: options.socketPath });
  try {
    await once(socket, "connect", { signal });
    await authenticate(socket, signal);
    return socket;
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    if (signal.aborted) throw error;
    const what = errnoOf(error) || (error instanceof Error ? error.message : "failed");
    throw unreachable(options.socketPath, what, error);
  }
};

const createBus = (socket: Socket, options: BusOptions): Bus => {
  const { socketPath, timeoutMs, clock, onMessage } = options;
  const waiting = new Map<number, Waiting>();
  let serial = 0;
  let isOpen = true;

  const end = (error: Error): void => {
    if (!isOpen) return;
    isOpen = false;
    options.onClose?.(error);
    socket.destroy();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };

  const receive = (message: DbusMessage): void => {
    if (message.type !== MESSAGE_TYPES.reply && message.type !== MESSAGE_TYPES.error) {
      onMessage(message);
      return;
    }
    const found = waiting.get(message.replySerial ?? 0);
    if (found === undefined) return;
    waiting.delete(message.replySerial ?? 0);
    if (message.type === MESSAGE_TYPES.reply) found.resolve(message.body);
    else found.reject(refused(found.call, message));
  };

  const frame = createFramer(receive);
  socket.on("data", (bytes: Buffer) => {
    try {
      frame(bytes);
    } catch (error) {
      end(unreachable(socketPath, "it sent what is no message", error));
    }
  });
  socket.on("error", (error) => end(unreachable(socketPath, errnoOf(error) || "failed", error)));
  socket.on("close", () => end(unreachable(socketPath, "it closed the connection")));

  const nextSerial = (): number => {
    serial = serial >= 0xffff_ffff ? 1 : serial + 1;
    return serial;
  };

  const call: Bus["call"] = async (wanted, { signal } = {}) => {
    using deadline = withDeadline({ timeoutMs, clock, signal, what: `${wanted.member} of systemd` });
    if (!isOpen) throw unreachable(socketPath, "the connection is closed");
    const own = nextSerial();
    const { signature, body = [], ...rest } = wanted;
    // First, because it throws for values that are not of their type, and then nobody waits.
    const bytes = encodeMessage({
      ...rest,
      type: MESSAGE_TYPES.call,
      serial: own,
      body,
      ...(signature === undefined ? {} : { signature }),
    });
    const answer = new Promise<readonly DbusValue[]>((resolve, reject) => waiting.set(own, { call: wanted, resolve, reject }));
    socket.write(bytes);
    try {
      return await raceSignal(answer, deadline.signal);
    } finally {
      waiting.delete(own);
    }
  };

  return {
    call,
    send: (message) => void socket.write(encodeMessage({ ...message, serial: nextSerial() })),
    get isOpen() {
      return isOpen;
    },
    close: () => end(unreachable(socketPath, "the connection is closed")),
  };
};

/** Connects to a bus and gets a name there. Rejects with `systemd-unreachable`. */
export const openBus = async (options: BusOptions, signal?: AbortSignal): Promise<Bus> => {
  using deadline = withDeadline({
    timeoutMs: options.timeoutMs,
    clock: options.clock,
    signal,
    what: `connecting to ${options.socketPath}`,
  });
  const bus = createBus(await connect(options, deadline.signal), options);
  try {
    await bus.call({ ...BUS, member: "Hello" }, { signal: deadline.signal });
    return bus;
  } catch (error) {
    bus.close();
    throw error;
  }
};

/** Asks the bus itself. */
export const callBus = (bus: Bus, call: Pick<DbusCall, "member" | "signature" | "body">): Promise<readonly DbusValue[]> =>
  bus.call({ ...BUS, ...call });
