import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { describeCertificate } from "@nk/certificates";
import type { CertificateDescription } from "@nk/certificates";
import type { Clock } from "@nk/stdx";
import type { Authenticator, UserInfo } from "../contracts.ts";

interface Presented {
  readonly user: UserInfo;
  readonly notAfterMs: number;
}

const presentedOf = (description: CertificateDescription): Presented | undefined => {
  const { subject, notAfterMs, fingerprint } = description;
  if (subject.commonName === undefined || subject.commonName === "") return undefined;
  const extra = { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] };
  return { user: { username: subject.commonName, groups: subject.organizations ?? [], extra }, notAfterMs };
};

/** What lives as long as the connection: over HTTP/2 each request shows a socket object of its own. */
const connectionOf = (request: IncomingMessage): object =>
  (request as { readonly stream?: { readonly session?: object } }).stream?.session ?? request.socket;

/**
 * The user that a client certificate names: CN, with O as groups. The TLS server must ask for certificates (`requestCert`), not insist on them
 * (`rejectUnauthorized: false`), and have the authority as its only `ca`: chain and purpose are verified there. A certificate that expires
 * while the connection is open no longer counts.
 */
export const createClientCertificateAuthenticator = (options: { readonly clock: Clock }): Authenticator => {
  const known = new WeakMap<object, Presented | undefined>();
  const read = (socket: TLSSocket, connection: object): Presented | undefined => {
    if (known.has(connection)) return known.get(connection);
    const { raw } = socket.getPeerCertificate();
    // Node leaves `raw` out when the client sent none.
    const presented = Buffer.isBuffer(raw) ? presentedOf(describeCertificate(raw)) : undefined;
    known.set(connection, presented);
    return presented;
  };
  return {
    authenticate(request: IncomingMessage) {
      const { socket } = request;
      if (!(socket instanceof TLSSocket) || !socket.authorized) return Promise.resolve(undefined);
      const presented = read(socket, connectionOf(request));
      return Promise.resolve(presented === undefined || presented.notAfterMs < options.clock.nowMs() ? undefined : presented.user);
    },
  };
};
