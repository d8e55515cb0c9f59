import { createHash } from "node:crypto";
import { get as getPlain } from "node:http";
import type { IncomingMessage } from "node:http";
import { get as getTls } from "node:https";
import { isAbortError } from "@nk/stdx";
import { StaticPodsError } from "./errors.ts";

/** One request. */
export interface HttpGetOptions {
  readonly url: URL;
  readonly headers: { readonly [name: string]: string | readonly string[] };
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpBody {
  readonly text: string;
  readonly digest: string;
}

/** The URL as it may be shown: without user and password, and without the query, which is where signed URLs have their token. */
export const toShownUrl = (url: URL): string => `${url.origin}${url.pathname}`;

/** What tells one URL from another: all but user and password, which are changed for the same pods. May hold secrets. */
export const toUrlIdentity = (url: URL): string => {
  const identity = new URL(url);
  identity.username = "";
  identity.password = "";
  return identity.href;
};

const open = (options: HttpGetOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const get = options.url.protocol === "https:" ? getTls : getPlain;
    const headers = Object.fromEntries(
      Object.entries(options.headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    );
    // A connection of its own: at one request in 20 s nothing is worth keeping open.
    get(options.url, { headers, agent: false, signal: options.signal }, resolve)
      .on("error", reject)
      // A response with status 101 comes this way, and only to who listens: without, nothing ever would, not even the abort.
      .on("upgrade", (response, socket) => {
        socket.destroy();
        resolve(response);
      })
      .on("close", () => reject(new Error("the connection was closed without an answer")));
  });

const readBody = async (response: IncomingMessage, maxBodyBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let totalBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    totalBytes += chunk.length;
    if (totalBytes > maxBodyBytes) {
      throw new StaticPodsError("response-too-large", `answer is larger than the limit of ${maxBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * GET without following redirects: the headers carry credentials, which another host must not see. Throws {@link StaticPodsError};
 * rethrows the signal's reason. Nothing stays open afterwards.
 */
export const httpGet = async (options: HttpGetOptions): Promise<HttpBody> => {
  const shownUrl = toShownUrl(options.url);
  let response: IncomingMessage | undefined;
  try {
    response = await open(options);
    if (response.statusCode !== 200) throw new StaticPodsError("response-status", `GET ${shownUrl}: status ${response.statusCode}`);
    const body = await readBody(response, options.maxBodyBytes);
    return { text: new TextDecoder().decode(body), digest: createHash("sha256").update(body).digest("base64") };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof StaticPodsError) throw error;
    // Messages of Node's HTTP client name host and port, or the header's name, never a header's value.
    const why = error instanceof Error && !isAbortError(error) ? `: ${"code" in error ? String(error.code) : error.message}` : "";
    throw new StaticPodsError("request-failed", `GET ${shownUrl} failed${why}`, { cause: error });
  } finally {
    response?.destroy();
  }
};
