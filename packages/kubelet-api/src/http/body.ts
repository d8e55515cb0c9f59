import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { KubeletApiError } from "../errors.ts";

/** Reads a request's body whole. @throws KubeletApiError "too-large" */
export const readBody = async (request: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > limitBytes) throw new KubeletApiError("too-large", `request body is larger than ${limitBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
};

/** Writes at the client's pace: a slow reader holds the source back instead of filling memory. */
export const writeChunks = async (options: {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { chunks, response, signal } = options;
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
};
