import { Agent, request as sendRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { LabError } from "../errors.ts";

/** Where the API is and who asks; PEM texts. */
export interface ApiCredentials {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An API object as JSON. */
export interface ApiJson {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly items?: readonly ApiJson[];
  readonly [field: string]: unknown;
}

/** One line of a watch. */
export interface ApiChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: ApiJson;
}

/** An answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** One request. */
export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/**
 * The few requests that tests and measurements make of an API server: a look of their own at it, which shares no code with the client
 * that is under test.
 */
export interface ApiClient {
  /** The answer to any request; rejects only when there is none. */
  request(path: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** The object in the answer. @throws LabError "api-failed" unless the status is 2xx */
  json(path: string, options?: ApiRequest): Promise<ApiJson>;
  /** Changes of a collection as they come; ends when the server or the signal ends it. */
  watch(path: string, options: { readonly resourceVersion: string; readonly signal: AbortSignal }): AsyncIterable<ApiChange>;
  close(): void;
}

const readText = async (message: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
};

/** Opens no connection before the first request. */
export const createApiClient = (credentials: ApiCredentials): ApiClient => {
  const { ca, cert, key } = credentials;
  const agent = new Agent({ keepAlive: true, ca, cert, key, maxSockets: 32 });
  // A watch holds its connection for long: one of its own, which its end closes.
  const watchAgent = new Agent({ keepAlive: false, ca, cert, key });
  const send = (path: string, options: ApiRequest & { readonly isWatch?: boolean }): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method = "GET", body, contentType = "application/json", signal, isWatch = false } = options;
      const data = body === undefined ? undefined : JSON.stringify(body);
      const request = sendRequest(new URL(path, credentials.url), {
        method,
        agent: isWatch ? watchAgent : agent,
        headers: {
          accept: "application/json",
          ...(data === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(data) }),
        },
        ...(signal === undefined ? {} : { signal }),
        ...(isWatch ? {} : { timeout: 30_000 }),
      });
      request.once("response", resolve);
      request.once("error", reject);
      request.once("timeout", () => request.destroy(new Error(`no answer to ${method} ${path} within 30 s`)));
      request.end(data);
    });
  const request = async (path: string, options: ApiRequest = {}): Promise<ApiAnswer> => {
    const message = await send(path, options);
    return { status: message.statusCode ?? 0, text: await readText(message) };
  };
  return {
    request,
    json: async (path, options = {}) => {
      const { status, text } = await request(path, options);
      if (status < 200 || status > 299) {
        throw new LabError("api-failed", `${options.method ?? "GET"} ${path} was answered with ${status}: ${text.slice(0, 500)}`, {
          details: { status },
        });
      }
      return JSON.parse(text) as ApiJson;
    },
    watch: async function* (path, { resourceVersion, signal }) {
      const separator = path.includes("?") ? "&" : "?";
      const message = await send(`${path}${separator}watch=1&resourceVersion=${resourceVersion}`, { signal, isWatch: true });
      if (message.statusCode !== 200)
        throw new LabError(
          "api-failed",
          `the watch of ${path} was answered with ${message.statusCode}: ${(await readText(message)).slice(0, 500)}`,
        );
      try {
        for await (const line of createInterface({ input: message })) if (line !== "") yield JSON.parse(line) as ApiChange;
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        message.destroy();
      }
    },
    close: () => {
      agent.destroy();
      watchAgent.destroy();
    },
  };
};

/** Resolves when the API server says that it is ready. @throws Error with its answer */
export const askReadiness = async (api: ApiClient, signal: AbortSignal): Promise<void> => {
  const { status, text } = await api.request("/readyz", { signal });
  if (status !== 200) throw new Error(`/readyz answered with ${status}: ${text.slice(-300)}`);
};
