import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { statusOf } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";

/** Answers an upgrade request with a Status and hangs up. */
export const refuseUpgrade = (socket: Duplex, error: ApiError): void => {
  if (socket.destroyed || !socket.writable) return;
  const body = JSON.stringify(statusOf(error));
  socket.end(
    `HTTP/1.1 ${error.code} ${STATUS_CODES[error.code] ?? "Error"}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};
