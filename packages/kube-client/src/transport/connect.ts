import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { raceSignal, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { ClientCertificate } from "../credentials/identity.ts";
import { KubeClientError } from "../errors.ts";
import type { ClusterAccess, PemSource } from "../kubeconfig/access.ts";
import { readPemSource } from "../credentials/credentials.ts";
import { connectError } from "./node-error.ts";

/** What {@link openSocket} takes. */
export interface OpenSocketOptions {
  readonly access: ClusterAccess;
  readonly certificate: ClientCertificate | undefined;
  /** Until TCP and TLS handshakes are done. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A connected socket and what is spoken on it. */
export interface OpenedSocket {
  readonly socket: Socket;
  readonly protocol: "h2" | "http/1.1";
}

/** From when the kernel probes a silent connection; HTTP/2 finds out sooner by itself. */
const KEEP_ALIVE_MS = 30_000;
/** Node gives each address 250 ms when a name has several, too short for a busy or distant server. */
const ADDRESS_OPTIONS = { autoSelectFamilyAttemptTimeout: 1_500 };

/** Host and port of a server's URL; the host without the brackets of an IPv6 address. */
export const addressOf = (server: string): { readonly host: string; readonly port: number } => {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[(.*)\]$/u, "$1");
  return { host, port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port) };
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----/u;

/**
 * Read anew for each connection, so that a rotated authority needs no restart. Of an empty text Node would make the authorities that the
 * machine trusts: a file that is just being written must not open the door to all of them.
 */
const readAuthority = async (source: PemSource | undefined): Promise<string | undefined> => {
  const pem = await readPemSource(source);
  if (source === undefined || (pem !== undefined && CERTIFICATE.test(pem))) return pem;
  const where = "file" in source ? ` ${source.file}` : "";
  throw new KubeClientError({ code: "credentials", message: `cannot use the certificate authority${where}: it holds no certificate` });
};

const startTls = async (options: OpenSocketOptions): Promise<TLSSocket> => {
  const { access, certificate } = options;
  const { host, port } = addressOf(access.server);
  const ca = await raceSignal(readAuthority(access.ca), options.signal);
  const servername = access.tlsServerName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate.certificatePem, key: certificate.keyPem }),
    rejectUnauthorized: access.skipTlsVerify !== true,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["h2", "http/1.1"],
    ...ADDRESS_OPTIONS,
  });
};

/** Resolves at `event`; rejects on an error, an early close or an abort, and then destroys the socket. */
const untilConnected = (socket: Socket, event: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off(event, onConnected).off("error", onError).off("close", onClose);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    const onConnected = (): void => {
      settle();
      resolve();
    };
    const onError = (error: Error): void => fail(error);
    const onClose = (): void => fail(Object.assign(new Error("closed during the handshake"), { code: "ECONNRESET" }));
    const onAbort = (): void => fail(signal.reason as Error);
    socket.once(event, onConnected).once("error", onError).once("close", onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });

/** Connects, with TLS for an https server. @throws KubeClientError "connect-failed" or "credentials", or the signal's reason */
export const openSocket = async (options: OpenSocketOptions): Promise<OpenedSocket> => {
  const { access, signal, timeoutMs, clock } = options;
  using deadline = withDeadline({ signal, timeoutMs, clock, what: `connecting to ${access.server}` });
  try {
    const isTls = access.server.startsWith("https:");
    const socket = isTls
      ? await startTls({ ...options, signal: deadline.signal })
      : connectTcp({ ...addressOf(access.server), ...ADDRESS_OPTIONS });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    await untilConnected(socket, isTls ? "secureConnect" : "connect", deadline.signal);
    const isHttp2 = "alpnProtocol" in socket && socket.alpnProtocol === "h2";
    return { socket, protocol: isHttp2 ? "h2" : "http/1.1" };
  } catch (error) {
    signal.throwIfAborted();
    throw connectError(access.server, error);
  }
};
