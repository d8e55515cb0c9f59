import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "./message.ts";
import { createSystemd } from "./systemd.ts";

/**
 * A peer that is no good bus: what a client of systemd must survive is a socket that belongs to something else, a bus that hangs, lies or
 * closes at the wrong moment. It must end with a typed error each time, never wait for ever or grow without end.
 */
let dir: string;
let socketPath: string;
let server: Server | undefined;

const listen = async (onConnection: (socket: Socket) => void): Promise<void> => {
  server = createServer((socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  }).listen(socketPath);
  await once(server, "listening");
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "nk-bus-"));
  socketPath = join(dir, "bus");
});

afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(dir, { recursive: true });
});

const version = (timeoutMs = 3000): Promise<unknown> => {
  using systemd = createSystemd({ socketPath, timeoutMs });
  return systemd.version();
};

/** Accepts everyone, then sends each message that comes to `onMessage`. */
const acceptAll = (onMessage: (socket: Socket, serial: number) => void) => (socket: Socket) => {
  let isBegun = false;
  socket.on("data", (bytes) => {
    if (!isBegun && bytes.includes("AUTH")) socket.write("OK 0123\r\n");
    const at = bytes.indexOf("BEGIN\r\n");
    const rest = isBegun ? bytes : bytes.subarray(at < 0 ? bytes.length : at + 7);
    isBegun ||= at >= 0;
    if (isBegun && rest.length > 0) onMessage(socket, decodeMessage(rest).serial);
  });
};

describe("a bus that is none", () => {
  it("is not there: the error names the socket", async () => {
    await expect(version()).rejects.toMatchObject({ code: "systemd-unreachable", message: `reach systemd over ${socketPath}: ENOENT` });
  });

  it.each<[string, (socket: Socket) => void]>([
    ["closes at once", (socket) => socket.end()],
    ["rejects us", (socket) => socket.write("REJECTED EXTERNAL\r\n")],
    ["talks something else without end", (socket) => socket.write("x".repeat(5000))],
    ["sends what is no message", acceptAll((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))],
    ["announces gigabytes", acceptAll((socket) => socket.write(Buffer.from("6c020001ffffff7f0100000000000000", "hex")))],
    ["closes before it answers", acceptAll((socket) => socket.destroy())],
  ])("%s", async (_name, onConnection) => {
    await listen(onConnection);
    await expect(version()).rejects.toMatchObject({ code: "systemd-unreachable" });
  });

  it("closes after a call that could not be written: nobody waits for that one", async () => {
    let peer: Socket | undefined;
    await listen(
      acceptAll((socket, serial) => {
        peer = socket;
        socket.write(encodeMessage({ type: 2, serial: 1, replySerial: serial, body: [] }));
      }),
    );
    using systemd = createSystemd({ socketPath, timeoutMs: 3000 });
    await expect(systemd.setUnitProperties("a\0.slice", [])).rejects.toThrow("NUL");
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listener);
    const failing = systemd.stopUnit("a.slice");
    peer?.destroy();
    await failing.catch(() => undefined);
    await setImmediate();
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["says nothing", () => {}],
    ["never answers", acceptAll(() => {})],
    [
      "answers somebody else",
      acceptAll((socket, serial) => socket.write(encodeMessage({ type: 2, serial: 1, replySerial: serial + 1000, body: [] }))),
    ],
  ])("%s: only so long", async (_name, onConnection) => {
    await listen(onConnection);
    await expect(version(150)).rejects.toMatchObject({ code: "deadline-exceeded" });
  });
});
