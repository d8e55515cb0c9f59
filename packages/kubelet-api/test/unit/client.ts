import { request as requestHttp } from "node:http";
import type { OutgoingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import type { Agent } from "node:https";
import type { Socket } from "node:net";
import type { HttpServer, KeyPair } from "../../src/index.ts";

/** Resolves when the peer has closed; it does so by a reset, which is an error, when it had not read all that was sent. */
export const untilClosed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on("error", () => undefined).once("close", () => resolve());
    socket.resume();
  });

/** Whom a request comes from. */
export interface Identity {
  readonly token?: string;
  readonly authorization?: string;
  readonly certificate?: KeyPair;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: string;
}

export interface Question extends Identity {
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly isPlain?: boolean;
  /** Default: a new connection for each request. */
  readonly agent?: Agent;
}

/** Asks a server that listens on this host; over TLS unless `isPlain`. */
export const ask = (server: HttpServer, question: Question): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { path, method = "GET", token, certificate } = question;
    const authorization = question.authorization ?? (token === undefined ? undefined : `Bearer ${token}`);
    const sent = (question.isPlain === true ? requestHttp : requestHttps)({
      host: "127.0.0.1",
      port: server.port,
      path,
      method,
      agent: question.agent ?? false,
      rejectUnauthorized: false,
      headers: { ...(authorization === undefined ? {} : { authorization }), ...question.headers },
      ...certificate,
    });
    sent.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers["content-type"] ?? "",
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(question.body);
  });
