import { createHash } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Histogram } from "@nk/stdx";
import type { UserInfo } from "../ports.ts";

/** Whom a client certificate names. */
export type CertificateResult =
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "user"; readonly user: UserInfo };

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

const userOf = (socket: TLSSocket, certificate: X509Certificate): UserInfo | undefined => {
  const { subject } = socket.getPeerCertificate(false) as {
    readonly subject?: { readonly CN?: string | string[]; readonly O?: string | string[] };
  };
  // Of several common names Go reads the last.
  const username = listOf(subject?.CN).at(-1);
  if (username === undefined || username === "") return undefined;
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  return {
    username,
    groups: listOf(subject?.O),
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
};

/**
 * The user of a connection's client certificate: common name and organizations, when it leads to the client CA and its time has not run
 * out since the handshake. The chain, the purpose (client authentication) and the signatures were verified by TLS.
 */
export const readClientCertificate = (
  socket: Socket,
  options: { readonly nowMs: number; readonly expiration: Histogram },
): CertificateResult => {
  if (!(socket instanceof TLSSocket)) return { kind: "none" };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: "none" };
  const expiresMs = Date.parse(certificate.validTo);
  options.expiration.observe((expiresMs - options.nowMs) / 1000);
  // Node's types say Error; it is the code of the verification as a string.
  if (!socket.authorized) return { kind: "refused", reason: String(socket.authorizationError as unknown) };
  // Written so that a time which cannot be read refuses.
  if (!(options.nowMs <= expiresMs)) return { kind: "refused", reason: "CERT_HAS_EXPIRED" };
  const user = userOf(socket, certificate);
  return user === undefined ? { kind: "none" } : { kind: "user", user };
};
