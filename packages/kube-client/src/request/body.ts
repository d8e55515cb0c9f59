import { KubeClientError } from "../errors.ts";
import type { WireResponse } from "../transport/exchange.ts";

/** Reads a whole body. A longer one is cancelled. @throws KubeClientError "too-large" or "connection-lost" */
export const readBody = async (response: WireResponse, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > maxBytes) {
      response.cancel();
      throw new KubeClientError({
        code: "too-large",
        message: `the API server's answer is longer than ${maxBytes} bytes`,
        details: { status: response.status },
      });
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
};
