import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import { systemClock } from "@nk/stdx";
import type { KeyPair } from "../ports.ts";
import { bits, bool, integer, octets, oid, sequence, set, tagged, taggedBytes, time, utf8 } from "./der.ts";

/** What a test certificate says. */
export interface CertificateOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** IPv4 addresses and DNS names of a server. */
  readonly hosts?: readonly string[];
  /** Default: for servers and clients. */
  readonly purpose?: "any" | "client" | "server";
  /** Default: an hour ago. */
  readonly notBeforeMs?: number;
  /** Default: in a day. */
  readonly notAfterMs?: number;
}

/** A CA for tests: keys are made anew each time, so nothing that it signs is trusted anywhere. */
export interface TestCa {
  /** PEM. */
  readonly cert: string;
  issue(options: CertificateOptions): KeyPair;
}

const HOUR_MS = 3_600_000;
const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const PURPOSES = { server: oid("1.3.6.1.5.5.7.3.1"), client: oid("1.3.6.1.5.5.7.3.2") };

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(der.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;

const name = ({ commonName, organizations = [] }: CertificateOptions): Buffer =>
  sequence(
    ...organizations.map((organization) => set(sequence(oid("2.5.4.10"), utf8(organization)))),
    set(sequence(oid("2.5.4.3"), utf8(commonName))),
  );

const extension = (id: string, value: Buffer, isCritical: boolean = false): Buffer =>
  sequence(oid(id), ...(isCritical ? [bool(true)] : []), octets(value));

const hostName = (host: string): Buffer =>
  isIPv4(host) ? taggedBytes(7, Buffer.from(host.split(".").map(Number))) : taggedBytes(2, Buffer.from(host));

const extensionsOf = ({ hosts = [], purpose = "any" }: CertificateOptions, isCa: boolean): readonly Buffer[] => {
  if (isCa) return [extension("2.5.29.19", sequence(bool(true)), true)];
  const purposes = purpose === "any" ? [PURPOSES.server, PURPOSES.client] : [PURPOSES[purpose]];
  return [
    extension("2.5.29.37", sequence(...purposes)),
    ...(hosts.length === 0 ? [] : [extension("2.5.29.17", sequence(...hosts.map(hostName)))]),
  ];
};

const certify = (
  options: CertificateOptions,
  keys: { readonly issuer: Buffer; readonly issuerKey: KeyObject; readonly publicKey: KeyObject; readonly isCa: boolean },
): string => {
  const now = systemClock.nowMs();
  const { notBeforeMs = now - HOUR_MS, notAfterMs = now + 24 * HOUR_MS } = options;
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    keys.issuer,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name(options),
    keys.publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensionsOf(options, keys.isCa))),
  );
  return pem(sequence(body, ECDSA_SHA256, bits(sign("sha256", body, keys.issuerKey))));
};

const createIssuer = (authority: { readonly commonName: string; readonly cert: string; readonly issuerKey: KeyObject }): TestCa => {
  const { commonName, cert, issuerKey } = authority;
  const issuer = name({ commonName });
  return {
    cert,
    issue: (options) => {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const issued = certify(options, { issuer, issuerKey, publicKey: own.publicKey, isCa: false });
      return { cert: issued, key: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
};

/** Makes a CA. Certificates are for tests: P-256, valid for a day. */
export const createTestCa = (commonName: string): TestCa => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = name({ commonName });
  const cert = certify({ commonName }, { issuer, issuerKey: privateKey, publicKey, isCa: true });
  return createIssuer({ commonName, cert, issuerKey: privateKey });
};

/**
 * Signs with the key of a CA that is there already, e.g. a test cluster's, for certificates which its own tools do not make.
 * @throws Error when the CA's key is not elliptic or its name is more than a common name
 */
export const openTestCa = ({ cert, key }: KeyPair): TestCa => {
  const [, commonName] = /^CN=([^\n]+)$/.exec(new X509Certificate(cert).subject) ?? [];
  const issuerKey = createPrivateKey(key);
  if (commonName === undefined || issuerKey.asymmetricKeyType !== "ec")
    throw new Error("cannot sign with this CA: name or key are of another kind");
  return createIssuer({ commonName, cert, issuerKey });
};
