import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The server's side of one WebSocket, as far as a test needs it: small unfragmented messages. */
export interface WebSocketPeer {
  send(message: Uint8Array): void;
  /** Says goodbye and hangs up. */
  close(): void;
}

const frame = (opcode: number, payload: Uint8Array): Buffer => {
  const { length } = payload;
  const head = length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.from([0x80 | opcode, 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, payload]);
};

const unmask = (payload: Buffer, mask: Buffer): Buffer => payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0)) as Buffer;

/** Answers the upgrade with the protocol and hands over each message of the client. */
export const acceptWebSocket = (
  upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  protocol: string,
  onMessage: (message: Buffer) => void,
): WebSocketPeer => {
  const { request, socket, head } = upgrade;
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"] ?? ""}${GUID}`)
    .digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.write([...lines, `Sec-WebSocket-Protocol: ${protocol}`, "", ""].join("\r\n"));
  socket.on("error", () => socket.destroy());
  let pending = head;
  const read = (): void => {
    for (;;) {
      if (pending.length < 6) return;
      const opcode = (pending[0] ?? 0) & 0x0f;
      const short = (pending[1] ?? 0) & 0x7f;
      const at = short < 126 ? 2 : short === 126 ? 4 : 10;
      const length = short < 126 ? short : short === 126 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2));
      if (pending.length < at + 4 + length) return;
      const payload = unmask(pending.subarray(at + 4, at + 4 + length), pending.subarray(at, at + 4));
      pending = pending.subarray(at + 4 + length);
      if (opcode === 8) socket.end(frame(8, payload));
      else if (opcode === 9) socket.write(frame(10, payload));
      else if (opcode === 1 || opcode === 2) onMessage(payload);
    }
  };
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    read();
  });
  read();
  return {
    send: (message) => void socket.write(frame(2, message)),
    close: () => void socket.end(frame(8, Buffer.from([0x03, 0xe8]))),
  };
};
