import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { createCertificateAuthority, issueCertificate } from "./authority.ts";
import type { CertificateAuthority } from "./authority.ts";
import { createKeyPair } from "./keys.ts";
import { createSelfSigned } from "./self-signed.ts";
import type { KeyUsage } from "./usages.ts";

interface Identity {
  readonly cert: string;
  readonly key: string;
}

const issue = async (authority: CertificateAuthority, usage: KeyUsage, lifetimeMs = 3_600_000): Promise<Identity> => {
  const keyPair = await createKeyPair();
  const cert = issueCertificate({
    authority,
    subject: { commonName: "system:node:n1", organizations: ["system:nodes"] },
    publicKey: keyPair.publicKey,
    usages: ["digital signature", usage],
    ipAddresses: ["127.0.0.1"],
    lifetimeMs,
    ...(lifetimeMs < 0 ? { notBeforeMs: Date.now() + lifetimeMs - 60_000 } : {}),
  });
  return { cert, key: keyPair.exportPrivateKeyPem() };
};

/** What the server says of the client: its subject, or why it was not believed. */
const shakeHands = async (
  server: Identity & { readonly ca: string },
  client: Partial<Identity> & { readonly ca: string },
): Promise<string> => {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: false }, (socket) => {
    const { subject } = socket.getPeerCertificate();
    socket.end(socket.authorized ? `${String(subject.O)}/${String(subject.CN)}` : String(socket.authorizationError));
  });
  listener.on("tlsClientError", () => undefined);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    const socket: TLSSocket = connect({ ...client, host: "127.0.0.1", port: (listener.address() as AddressInfo).port });
    const chunks: Buffer[] = await socket.toArray();
    return Buffer.concat(chunks).toString();
  } finally {
    listener.close();
  }
};

describe("in a real TLS handshake", () => {
  it("both sides believe certificates of their authority, and no others", async () => {
    const [authority, stranger] = await Promise.all(["ours", "theirs"].map((commonName) => createCertificateAuthority({ commonName })));
    if (authority === undefined || stranger === undefined) throw new Error("unreachable");
    const ca = authority.certificatePem;
    const server = { ...(await issue(authority, "server auth")), ca };
    await expect(shakeHands(server, { ...(await issue(authority, "client auth")), ca })).resolves.toBe("system:nodes/system:node:n1");
    await expect(shakeHands(server, { ...(await issue(stranger, "client auth")), ca })).resolves.toMatch(/SELF_SIGNED|UNABLE_TO/u);
    await expect(shakeHands(server, { ...(await issue(authority, "client auth", -60_000)), ca })).resolves.toBe("CERT_HAS_EXPIRED");
    await expect(shakeHands(server, { ...(await issue(authority, "server auth")), ca })).resolves.toBe("INVALID_PURPOSE");
    await expect(shakeHands(server, { ...(await issue(authority, "client auth")), ca: stranger.certificatePem })).rejects.toThrow(
      /certificate/u,
    );
    await expect(shakeHands({ ...(await issue(authority, "client auth")), ca }, { ca })).rejects.toThrow(/purpose/u);
  });

  it("a client that trusts the appended authority accepts the self-signed certificate", async () => {
    const { certificatePem, privateKeyPem } = await createSelfSigned({ host: "127.0.0.1" });
    const own = certificatePem.slice(certificatePem.lastIndexOf("-----BEGIN"));
    const reply = await shakeHands({ cert: certificatePem, key: privateKeyPem, ca: own }, { ca: own });
    expect(reply).toMatch(/UNABLE_TO_GET_ISSUER|undefined|null/u);
  });
});
