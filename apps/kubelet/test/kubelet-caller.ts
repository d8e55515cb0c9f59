import { Agent, request } from "node:https";
import type { ClusterKubelet } from "@nk/tool-lab";

/** A client certificate, PEM texts. */
export interface CallerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Who asks the kubelet, over a connection of its own that is kept. */
export interface Caller {
  readonly authorization?: string;
  readonly agent: Agent;
}

/** An answer of the kubelet. */
export interface KubeletAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Somebody with a certificate, with a token or other header, or with nothing. */
export const createCaller = (
  who: { readonly certificate?: CallerCertificate; readonly token?: string; readonly authorization?: string } = {},
): Caller => {
  const authorization = who.authorization ?? (who.token === undefined ? undefined : `Bearer ${who.token}`);
  return {
    agent: new Agent({ keepAlive: true, rejectUnauthorized: false, ...who.certificate }),
    ...(authorization === undefined ? {} : { authorization }),
  };
};

/** Asks the kubelet's HTTPS server directly. Rejects when there is no answer, as to a certificate that the TLS layer refuses. */
export const askKubelet = (
  kubelet: Pick<ClusterKubelet, "nodeAddress" | "ports">,
  caller: Caller,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<KubeletAnswer> =>
  new Promise((resolve, reject) => {
    const { agent, authorization } = caller;
    const headers = authorization === undefined ? {} : { authorization };
    const sent = request({ host: kubelet.nodeAddress, port: kubelet.ports.port, path, method, agent, headers, timeout: 30_000 });
    sent.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers["content-type"] ?? "",
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path} within 30 s`)));
    sent.end();
  });
