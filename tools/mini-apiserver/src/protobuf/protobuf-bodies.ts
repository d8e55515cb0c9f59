import type { IncomingMessage } from "node:http";
import { tooLarge } from "../api-error.ts";
import type { ApiServer } from "../server/create-api-server.ts";
import { decodeProtobuf, PROTOBUF_TYPE } from "./decode-protobuf.ts";

/** As much as the server reads of any body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

const isProtobuf = ({ headers }: IncomingMessage): boolean =>
  (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() === PROTOBUF_TYPE;

/** Decodes when somebody reads: nothing is read for those who are refused. */
async function* readAsJson(request: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge(`limit is ${MAX_BODY_BYTES}`);
    chunks.push(chunk);
  }
  if (size > 0) yield Buffer.from(JSON.stringify(decodeProtobuf(Buffer.concat(chunks))));
}

/** The same request with a JSON body. */
const asJsonRequest = (request: IncomingMessage): IncomingMessage => {
  const { "content-length": _length, ...headers } = request.headers;
  return Object.create(request, {
    headers: { value: { ...headers, "content-type": "application/json" } },
    [Symbol.asyncIterator]: { value: () => readAsJson(request) },
  }) as IncomingMessage;
};

/** The server, which now also understands bodies in protobuf: kubectl 1.33 and later send them wherever it uses a typed client. */
export const withProtobufBodies = (server: ApiServer): ApiServer => ({
  ...server,
  handler: (request, response) => server.handler(isProtobuf(request) ? asJsonRequest(request) : request, response),
});
