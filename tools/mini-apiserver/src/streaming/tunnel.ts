import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";

const LINE = "\r\n";

/** The status line and headers as they came, duplicates and order kept. */
const formatHead = (response: IncomingMessage, options: { readonly isLast: boolean }): string => {
  const { statusCode = 502, statusMessage } = response;
  const lines = [
    `HTTP/1.1 ${statusCode} ${statusMessage === undefined || statusMessage === "" ? (STATUS_CODES[statusCode] ?? "") : statusMessage}`,
  ];
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = response.rawHeaders.slice(index, index + 2);
    // The body was taken out of its framing: its end is the connection's.
    if (options.isLast && /^(connection|transfer-encoding|keep-alive)$/iu.test(name)) continue;
    lines.push(`${name}: ${value}`);
  }
  if (options.isLast) lines.push("Connection: close");
  return lines.join(LINE) + LINE + LINE;
};

/** One side of a tunnel, and what was read from it already. */
export interface TunnelEnd {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/**
 * Carries bytes both ways until one side is closed, at the pace of the slower reader; then both are closed. Nothing is looked at or changed.
 * Never rejects: that a connection breaks is how most sessions end.
 */
const carry = (client: Duplex, backend: Duplex): Promise<void> =>
  new Promise((resolve) => {
    const sides = [client, backend] as const;
    let open = sides.length;
    for (const side of sides) {
      const other = side === client ? backend : client;
      if ("setNoDelay" in side && typeof side.setNoDelay === "function") side.setNoDelay(true);
      if ("setTimeout" in side && typeof side.setTimeout === "function") side.setTimeout(0);
      side.on("error", () => side.destroy());
      side.once("close", () => {
        // What the other side has still to send to nobody is dropped; what was written to it is flushed first.
        if (other.writableFinished || other.destroyed) other.destroy();
        else other.end(() => other.destroy());
        open -= 1;
        if (open === 0) resolve();
      });
      if (side.destroyed) side.emit("close");
    }
    client.pipe(backend);
    backend.pipe(client);
  });

/** Answers the client's upgrade with the backend's and joins the two connections. Resolves when both are closed. */
export const joinUpgraded = (client: TunnelEnd, backend: TunnelEnd & { readonly response: IncomingMessage }): Promise<void> => {
  client.socket.write(formatHead(backend.response, { isLast: false }));
  if (backend.head.length > 0) client.socket.write(backend.head);
  if (client.head.length > 0) backend.socket.write(client.head);
  return carry(client.socket, backend.socket);
};

/** Passes on an answer that is no upgrade, and closes: to the client it says why there is none. */
export const refuseUpgrade = async (socket: Duplex, response: IncomingMessage): Promise<void> => {
  socket.write(formatHead(response, { isLast: true }));
  // The client may be gone, or the backend break off; there is nobody left to tell.
  await pipeline(response, socket).catch(() => undefined);
};
