import { constants } from "node:crypto";
import { createServer } from "node:https";
import type { Server } from "node:https";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TlsOptions } from "node:tls";
import { noopLogger } from "@nk/stdx";
import type { Logger } from "@nk/stdx";
import type { Authenticator } from "./auth/authenticator.ts";
import type { Authorizer } from "./auth/authorizer.ts";
import { KubeletApiError } from "./errors.ts";
import { nodeOptions, startServing } from "./http/serving.ts";
import type { HttpServer, ServerOptions } from "./http/serving.ts";
import type { Changing, KeyPair } from "./ports.ts";
import { computeTlsOptions } from "./tls/settings.ts";
import type { TlsSettings } from "./tls/settings.ts";

/** Options of an HTTPS server. */
export interface HttpsServerOptions extends ServerOptions {
  /** The server's certificate. While there is none, handshakes fail (as with a CSR that is not approved yet). */
  readonly serving: KeyPair | Changing<KeyPair | undefined>;
  /** PEM bundle of the CAs of client certificates. Absent: clients are not asked for one. Needs `x509` of the authenticator too. */
  readonly clientCa?: Changing<string>;
  readonly tls?: TlsSettings;
  /** For the TLS handshake. Default 10 s. */
  readonly handshakeTimeoutMs?: number;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

const isChanging = (serving: HttpsServerOptions["serving"]): serving is Changing<KeyPair | undefined> => "current" in serving;

const tlsOptions = ({ serving, clientCa, tls = {} }: HttpsServerOptions): TlsOptions => {
  const pair = isChanging(serving) ? serving.current() : serving;
  return {
    ...computeTlsOptions(tls),
    ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
    // Never undefined: that would mean every CA of the public web.
    ca: clientCa === undefined ? [] : [clientCa.current()],
    // As in Go, a certificate in the bundle is trusted whoever signed it.
    allowPartialTrustChain: true,
    // A resumed session would bring along what an older CA bundle thought of the client.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    honorCipherOrder: true,
  };
};

const keyOf = ({ remoteAddress = "", remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;

/**
 * Knows the connections whose client certificate was judged by a CA bundle that is not in force any more. The bundle in force counts from
 * the moment a connection comes in, because the handshake takes it then.
 */
const createTrustEpochs = (server: Server): { begin(): void; isStale(socket: Socket): boolean } => {
  let epoch = 0;
  const arrivals = new Map<string, number>();
  const epochs = new WeakMap<Socket, number>();
  server.on("connection", (socket) => {
    if (!(socket instanceof Socket)) return;
    const key = keyOf(socket);
    arrivals.set(key, epoch);
    socket.once("close", () => arrivals.delete(key));
  });
  server.on("secureConnection", (socket) => void epochs.set(socket, arrivals.get(keyOf(socket)) ?? -1));
  return {
    begin: () => void (epoch += 1),
    isStale: (socket) => socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined && epochs.get(socket) !== epoch,
  };
};

const applyChanges = (server: Server, options: HttpsServerOptions, logger: Logger): readonly Disposable[] => {
  const { serving, clientCa } = options;
  const reload = (): void => {
    try {
      server.setSecureContext(tlsOptions(options));
    } catch (error) {
      logger.error("new TLS settings cannot be used, the old ones stay", { error });
    }
  };
  return [...(isChanging(serving) ? [serving.onChange(reload)] : []), ...(clientCa === undefined ? [] : [clientCa.onChange(reload)])];
};

const createTlsServer = (options: HttpsServerOptions): Server => {
  try {
    return createServer({
      ...nodeOptions(options, { maxHeaderBytes: 256 * 1024 }),
      ...tlsOptions(options),
      // No h2: exec, attach and port-forward upgrade a connection, which HTTP/2 cannot, and everybody who asks a kubelet can do without.
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
      requestCert: options.clientCa !== undefined,
      // Whoever has no certificate, or an unknown one, may still have a token: that is the authenticator's to say.
      rejectUnauthorized: false,
    });
  } catch (error) {
    throw error instanceof KubeletApiError ? error : new KubeletApiError("invalid-config", "TLS settings cannot be used", { cause: error });
  }
};

/**
 * Starts the kubelet's HTTPS server: every route behind authentication and authorization. A new certificate, key or CA bundle counts from
 * the next connection on; connections with a client certificate that an older bundle judged are closed at their next request.
 * @throws KubeletApiError "invalid-config" for TLS settings that can't be used, "internal" when it can't listen
 */
export const openHttpsServer = async (options: HttpsServerOptions): Promise<HttpServer> => {
  const { logger = noopLogger, authenticator, authorizer, clientCa } = options;
  const server = createTlsServer(options);
  const epochs = createTrustEpochs(server);
  const subscriptions = [...applyChanges(server, options, logger)];
  if (clientCa !== undefined) {
    subscriptions.push(
      clientCa.onChange(() => {
        epochs.begin();
        server.closeIdleConnections();
      }),
    );
  }
  // Not a DisposableStack, which Node 22 has not.
  const unsubscribe = (): void => {
    for (const subscription of subscriptions.toReversed()) subscription[Symbol.dispose]();
  };
  server.on("tlsClientError", (error, socket) => {
    logger.debug("TLS handshake failed", { error });
    socket.destroy();
  });
  const serving = await startServing(server, options, {
    gate: { authenticator, authorizer },
    isStale: (socket) => epochs.isStale(socket),
  }).catch((error: unknown) => {
    unsubscribe();
    throw error;
  });
  return {
    address: serving.address,
    port: serving.port,
    [Symbol.asyncDispose]: async () => {
      unsubscribe();
      await serving[Symbol.asyncDispose]();
    },
  };
};
