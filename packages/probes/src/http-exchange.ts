import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request } from "node:http";
import type { Socket } from "node:net";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { shield } from "./connection.ts";
import { MAX_OUTPUT_BYTES } from "./outcome.ts";

export interface HttpQuestion {
  readonly scheme: "http" | "https";
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly location: string | undefined;
  /** The beginning of the body. */
  readonly body: string;
}

/** TLS without looking at the certificate, as the reference probes. */
const secure = (stream: Duplex, host: string): Duplex => {
  const secured = connectTls({
    socket: stream,
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 && { servername: host }),
  });
  secured.on("error", () => undefined);
  return secured;
};

const readBody = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_OUTPUT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString("utf8");
};

/** Raised when the headers came but the body did not. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

/** One GET over a connection that is made already and is not used again. Rejects with what Node says, or with the signal's reason. */
export const exchangeHttp = async (socket: Socket, question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> => {
  const { scheme, host, path, headers } = question;
  const shielded = shield(socket);
  const stream = scheme === "https" ? secure(shielded, host) : shielded;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // As lenient as Go's client: CGI programs and small servers end their lines with a bare LF.
    const sent = request({ method: "GET", path, headers, setHost: false, insecureHTTPParser: true, createConnection: () => stream });
    const onAbort = (): void => {
      sent.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const onResponse = (received: IncomingMessage): void => {
      signal.removeEventListener("abort", onAbort);
      resolve(received);
    };
    sent.once("response", onResponse);
    // A 101 that nobody asked for: without a listener Node drops the connection and tells nobody.
    sent.once("upgrade", onResponse);
    sent.on("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
    sent.end();
  });
  const onAbort = (): void => void response.destroy(new BodyError("body not received in time"));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const body = await readBody(response);
    return { statusCode: response.statusCode ?? 0, location: response.headers.location, body };
  } catch (error) {
    throw new BodyError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};
