import { Agent, request as sendRequest } from "node:https";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { KeyPair } from "@nk/kubelet-api";

/** What somebody shows of who they are. */
export interface Credentials {
  readonly token?: string;
  /** The whole header, when it is no bearer token. */
  readonly authorization?: string;
  readonly certificate?: KeyPair;
}

/** One request. */
export interface SecureRequest {
  readonly method: string;
  /** Sent as it is, so that it may climb out of its folder. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** How it was answered. */
export interface SecureAnswer {
  /** 101 for a stream, which is closed at once. */
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Somebody with kept connections to a kubelet's HTTPS port. */
export interface SecureCaller {
  ask(request: SecureRequest): Promise<SecureAnswer>;
  close(): void;
}

const readAnswer = async (response: IncomingMessage): Promise<SecureAnswer> => {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers["content-type"] ?? "",
    body: Buffer.concat(parts).toString("utf8"),
  };
};

const answerTo = (sent: ClientRequest): Promise<SecureAnswer> =>
  new Promise((resolve, reject) => {
    sent.once("response", (response) => {
      readAnswer(response).then(resolve, reject);
    });
    sent.once("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, contentType: "", body: "" });
    });
    sent.once("error", reject);
    sent.end();
  });

/** Opens no connection before the first request. The kubelet's certificate is its own making, so nobody could verify it. */
export const createSecureCaller = (
  server: { readonly host: string; readonly port: number },
  { token, authorization = token === undefined ? undefined : `Bearer ${token}`, certificate }: Credentials,
): SecureCaller => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ...certificate });
  return {
    ask: ({ method, path, headers }) =>
      answerTo(
        sendRequest({
          ...server,
          method,
          path,
          agent,
          rejectUnauthorized: false,
          headers: { ...(authorization === undefined ? {} : { authorization }), ...headers },
        }),
      ),
    close: () => agent.destroy(),
  };
};
