import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { AskError } from "./ask-error.ts";
import type { AskTarget } from "./target.ts";

/** How one question is put. */
export interface AskOptions {
  readonly signal: AbortSignal;
  /** Longer answers are refused: an explanation has a few kilobytes. Default 4 MiB. */
  readonly maxBytes?: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const readBody = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += (part as Buffer).length;
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString("utf8");
};

const send = (target: AskTarget, path: string, { signal, maxBytes = 4 * 1024 * 1024 }: AskOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { url, tls, authorization } = target;
    const send_ = url.protocol === "http:" ? requestHttp : requestHttps;
    const sent = send_(
      new URL(path, url),
      { ...tls, signal, agent: false, headers: { accept: "application/json", ...(authorization === undefined ? {} : { authorization }) } },
      (response) => {
        readBody(response, maxBytes).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    // A response with status 101 comes this way, and only to who listens: without, nothing ever would, not even the end of the time.
    sent.once("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: "" });
    });
    sent.once("error", reject);
    sent.end();
  });

const HINT = "say with --config, --port or --server where the kubelet listens";

const whyUnreachable = (error: unknown, signal: AbortSignal): string => {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : "no answer in time";
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens there; is the kubelet running? ${HINT}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host of that name";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return `it does not speak TLS there; ${HINT}`;
    case "ECONNRESET":
      return "it closed the connection; is the URL's scheme right?";
    default:
      return error instanceof Error ? error.message : String(error);
  }
};

const refusal = ({ status, body }: Answer, { asWhom }: AskTarget, what: string): string => {
  const who = asWhom === undefined ? "nobody's credentials were shown" : `the credentials are those of ${asWhom}`;
  const says = body.split("\n")[0]?.slice(0, 300) ?? "";
  switch (status) {
    case 401:
      return `it does not know who asks (${who}); use --user-kubeconfig, --token-file or --client-certificate`;
    case 403:
      return `it does not allow it (${who}): that needs get on nodes/proxy. It says: ${says}`;
    case 404:
      return says.startsWith("pod ")
        ? `it has no pod ${what}`
        : "it explains no pods; is it this kubelet, and are its debugging handlers enabled?";
    default:
      return `it answers ${status}: ${says}`;
  }
};

/** Asks for the explanation of a pod. Throws an {@link AskError} that says what a person can do. */
export const askForPod = async (
  target: AskTarget,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  options: AskOptions,
): Promise<unknown> => {
  const where = `ask the kubelet at ${target.url.origin}`;
  let answer: Answer;
  try {
    answer = await send(target, `/explain/pods/${namespace}/${name}`, options);
  } catch (error) {
    throw new AskError("failed", `${where}: ${whyUnreachable(error, options.signal)}`, { cause: error });
  }
  if (answer.status !== 200) throw new AskError("failed", `${where}: ${refusal(answer, target, `${namespace}/${name}`)}`);
  try {
    return JSON.parse(answer.body) as unknown;
  } catch (error) {
    throw new AskError("failed", `${where}: its answer is no explanation`, { cause: error });
  }
};
