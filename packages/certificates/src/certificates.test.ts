import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { runSubprocess } from "@nk/stdx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority, issueCertificate, readCertificateAuthority } from "./authority.ts";
import type { CertificateAuthority } from "./authority.ts";
import { describeCertificate } from "./describe.ts";
import { createKeyPair, readKeyPair } from "./keys.ts";
import type { KeyAlgorithm } from "./keys.ts";
import { createSelfSigned } from "./self-signed.ts";
import { createCsr, parseCsr, signCsr } from "./signing-request.ts";
import type { KeyUsage } from "./usages.ts";

const DAY_MS = 86_400_000;
const dir = mkdtempSync(join(tmpdir(), "certificates-"));

const openssl = async (args: readonly string[], files: { readonly [name: string]: string }): Promise<string> => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const result = await runSubprocess(["openssl", ...args], { timeoutMs: 10_000, cwd: dir });
  const output = `${result.stdout}${result.stderr}`;
  if (result.exitCode !== 0) throw new Error(output);
  return output;
};

let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: "kubernetes" });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each<KeyAlgorithm>(["ecdsa-p256", "rsa-2048"])("with %s", (algorithm) => {
  it("an issued certificate is what node:crypto and openssl read and verify", async () => {
    const own = await createCertificateAuthority({ commonName: "own", algorithm });
    const { publicKey, privateKey } = await createKeyPair({ algorithm });
    const pem = issueCertificate({
      authority: own,
      subject: { commonName: "system:node:n1", organizations: ["system:nodes", "a & b"] },
      publicKey,
      usages: ["digital signature", "client auth"],
      dnsNames: ["n1.example", "*.example"],
      ipAddresses: ["10.0.0.1", "2001:db8::1"],
      lifetimeMs: DAY_MS,
    });
    const parsed = new X509Certificate(pem);
    expect(parsed.verify(new X509Certificate(own.certificatePem).publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(privateKey)).toBe(true);
    expect(parsed.checkIssued(new X509Certificate(own.certificatePem))).toBe(true);
    expect(parsed.subjectAltName).toBe("DNS:n1.example, DNS:*.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1");
    expect(parsed.subject).toContain("CN=system:node:n1");
    expect(parsed.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    const verdict = await openssl(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "cert.pem"], {
      "ca.pem": own.certificatePem,
      "cert.pem": pem,
    });
    expect(verdict).toBe("cert.pem: OK\n");
  });

  it("a request is what openssl verifies", async () => {
    const keyPair = await createKeyPair({ algorithm });
    const subject = { commonName: "system:node:n1", organizations: ["system:nodes"] };
    const csr = createCsr({ keyPair, subject, dnsNames: ["n1"], ipAddresses: ["::1"] });
    const text = await openssl(["req", "-in", "csr.pem", "-verify", "-noout", "-text"], { "csr.pem": csr });
    expect(text).toMatch(/verify OK/u);
    expect(text).toMatch(/O = system:nodes, CN = system:node:n1/u);
    expect(text).toMatch(/DNS:n1, IP Address:0:0:0:0:0:0:0:1/u);
    expect(parseCsr(csr)).toMatchObject({ subject, dnsNames: ["n1"], ipAddresses: ["::1"], usages: [] });
  });

  it("a private key survives being written and read", async () => {
    const keyPair = await createKeyPair({ algorithm });
    const pem = keyPair.exportPrivateKeyPem();
    expect(pem).toMatch(algorithm === "rsa-2048" ? /BEGIN RSA PRIVATE KEY/u : /BEGIN EC PRIVATE KEY/u);
    expect(readKeyPair(pem).publicKey.equals(keyPair.publicKey)).toBe(true);
  });
});

describe("requests made by openssl", () => {
  const make = (keyArgs: readonly string[], extra: readonly string[] = []): Promise<string> =>
    openssl(["req", "-new", "-nodes", ...keyArgs, "-keyout", "k.pem", "-subj", "/C=DE/O=system:nodes/CN=system:node:x", ...extra], {});

  it.each([
    ["P-256", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["P-384 with SHA-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"]],
    ["RSA with SHA-512", ["-newkey", "rsa:2048", "-sha512"]],
    ["Ed25519", ["-newkey", "ed25519"]],
  ])("are read and signed: %s", async (_name, keyArgs) => {
    const san = "subjectAltName=DNS:n,IP:10.1.2.3,IP:fe80::1:2,email:a@b.example,URI:spiffe://x/y";
    const pem = /-----BEGIN[\s\S]*/u.exec(
      await make(keyArgs, ["-addext", san, "-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=serverAuth"]),
    )?.[0];
    const csr = parseCsr((pem ?? "").replace(/(-----END CERTIFICATE REQUEST-----\n)[\s\S]*/u, "$1"));
    const names = {
      dnsNames: ["n"],
      ipAddresses: ["10.1.2.3", "fe80::1:2"],
      emailAddresses: ["a@b.example"],
      uris: ["spiffe://x/y"],
    };
    expect(csr).toMatchObject({ ...names, usages: ["digital signature", "server auth"] });
    expect(csr.subject).toEqual({ commonName: "system:node:x", organizations: ["system:nodes"] });
    const certificate = signCsr({ csr, authority, usages: ["digital signature", "client auth"], lifetimeMs: DAY_MS });
    expect(describeCertificate(certificate)).toMatchObject({ ...names, usages: ["digital signature", "client auth"], isAuthority: false });
    // The attribute that has no place in DistinguishedName is kept all the same.
    expect(new X509Certificate(certificate).subject).toContain("C=DE");
    expect(new X509Certificate(certificate).verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
  });

  it("never become an authority, whatever they ask for", async () => {
    const pem = await make(["-newkey", "ed25519"], ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign"]);
    const csr = parseCsr(/-----BEGIN C[\s\S]*-----END CERTIFICATE REQUEST-----/u.exec(pem)?.[0] ?? "");
    expect(new X509Certificate(signCsr({ csr, authority, usages: ["client auth"], lifetimeMs: DAY_MS })).ca).toBe(false);
  });
});

describe("validity", () => {
  it("begins five minutes ago, lasts as long as asked, and never outlives the authority", async () => {
    const clock = createFakeClock();
    const nowMs = Math.floor(clock.nowMs() / 1000) * 1000;
    const short = await createCertificateAuthority({ commonName: "short", lifetimeMs: DAY_MS, clock });
    const { publicKey } = await createKeyPair();
    const of = (lifetimeMs: number): { readonly notBeforeMs: number; readonly notAfterMs: number } =>
      describeCertificate(issueCertificate({ authority: short, subject: {}, publicKey, usages: [], lifetimeMs, clock }));
    expect(of(60_000)).toMatchObject({ notBeforeMs: nowMs - 300_000, notAfterMs: nowMs + 60_000 });
    expect(of(10 * DAY_MS)).toMatchObject({ notAfterMs: nowMs + DAY_MS });
  });

  it("is written the same before and after 2050", async () => {
    for (const notBeforeMs of [Date.UTC(1999, 11, 31, 23, 59, 59), Date.UTC(2049, 11, 31), Date.UTC(2050, 0, 1), Date.UTC(2120, 1, 29)]) {
      // oxlint-disable-next-line no-await-in-loop -- four in a row are quick
      const { certificatePem } = await createSelfSigned({
        host: "h",
        notBeforeMs,
        notAfterMs: notBeforeMs + DAY_MS,
        clock: at(notBeforeMs),
      });
      const node = new X509Certificate(certificatePem);
      expect(describeCertificate(certificatePem)).toMatchObject({ notBeforeMs, notAfterMs: notBeforeMs + DAY_MS });
      expect(Date.parse(node.validFrom)).toBe(notBeforeMs);
    }
  });

  it.each(["signing", "toString", "Client Auth"])("for %s is refused, and not made without it", async (usage) => {
    const { publicKey } = await createKeyPair();
    expect(() =>
      issueCertificate({ authority, subject: {}, publicKey, usages: ["digital signature", usage as KeyUsage], lifetimeMs: DAY_MS }),
    ).toThrow(expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(usage) as string }) as Error);
  });

  it("that ends before it begins is refused", async () => {
    const { publicKey } = await createKeyPair();
    expect(() => issueCertificate({ authority, subject: {}, publicKey, usages: [], lifetimeMs: -DAY_MS })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }) as Error,
    );
  });
});

const at = (nowMs: number): ReturnType<typeof createFakeClock> => ({ ...createFakeClock(), nowMs: () => nowMs });

describe("the self-signed serving certificate", () => {
  it("has the names, the life and the appended authority of the reference", async () => {
    const clock = createFakeClock();
    const nowMs = Math.floor(clock.nowMs() / 1000) * 1000;
    const stamp = nowMs / 1000;
    const { certificatePem, privateKeyPem } = await createSelfSigned({ host: "n1", ipAddresses: ["10.0.0.1"], dnsNames: ["n1"], clock });
    const [leaf = "", own = ""] = certificatePem.split(/(?<=-----END CERTIFICATE-----\n)/u);
    expect(describeCertificate(leaf)).toMatchObject({
      subject: { commonName: `n1@${stamp}` },
      issuer: { commonName: `n1-ca@${stamp}` },
      notBeforeMs: nowMs - 3_600_000,
      notAfterMs: nowMs - 3_600_000 + 365 * DAY_MS,
      usages: ["digital signature", "key encipherment", "server auth"],
      dnsNames: ["n1"],
      ipAddresses: ["10.0.0.1"],
    });
    expect(describeCertificate(own)).toMatchObject({ isAuthority: true, subject: { commonName: `n1-ca@${stamp}` } });
    expect(new X509Certificate(leaf).verify(new X509Certificate(own).publicKey)).toBe(true);
    expect(readKeyPair(privateKeyPem).publicKey.equals(new X509Certificate(leaf).publicKey)).toBe(true);
  });

  it("of a host that is an address has it as an address", async () => {
    const { certificatePem } = await createSelfSigned({ host: "::1" });
    expect(describeCertificate(certificatePem)).toMatchObject({ ipAddresses: ["::1"] });
    expect(describeCertificate(certificatePem).dnsNames).toBeUndefined();
  });
});

describe("an authority read from PEM", () => {
  it("signs as before, and is refused with a foreign key or when it is none", async () => {
    const privateKeyPem = authority.keyPair.exportPrivateKeyPem();
    const read = readCertificateAuthority({ certificatePem: authority.certificatePem, privateKeyPem });
    const { publicKey } = await createKeyPair();
    const pem = issueCertificate({ authority: read, subject: { commonName: "x" }, publicKey, usages: [], lifetimeMs: DAY_MS });
    expect(new X509Certificate(pem).checkIssued(new X509Certificate(authority.certificatePem))).toBe(true);
    const foreign = (await createKeyPair()).exportPrivateKeyPem();
    const refused = (code: string): Error => expect.objectContaining({ code }) as Error;
    expect(() => readCertificateAuthority({ certificatePem: authority.certificatePem, privateKeyPem: foreign })).toThrow(
      refused("key-mismatch"),
    );
    expect(() => readCertificateAuthority({ certificatePem: pem, privateKeyPem })).toThrow(refused("invalid-certificate"));
    expect(() => readCertificateAuthority({ certificatePem: "", privateKeyPem })).toThrow(refused("invalid-pem"));
    expect(() => readCertificateAuthority({ certificatePem: authority.certificatePem, privateKeyPem: "x" })).toThrow(
      refused("invalid-key"),
    );
  });
});
