import type { KeyObject } from "node:crypto";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { signCertificate } from "./certificate.ts";
import { firstCertificateDer, parseCertificateDer, readPublicKey } from "./describe.ts";
import { CertificatesError } from "./errors.ts";
import type { AlternativeNames } from "./extensions.ts";
import { createKeyPair, readKeyPair } from "./keys.ts";
import type { KeyAlgorithm, KeyPair } from "./keys.ts";
import { encodeName } from "./names.ts";
import type { DistinguishedName } from "./names.ts";
import { computeKeyId } from "./signature.ts";
import type { KeyUsage } from "./usages.ts";

/** What a new certificate may begin before now: clocks of two machines differ. */
const BACKDATE_MS = 5 * 60_000;

const DAY_MS = 86_400_000;

/** Who signs: a certificate that may sign others, and its key. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  readonly keyPair: KeyPair;
}

/** What {@link createCertificateAuthority} takes. */
export interface AuthorityOptions {
  readonly commonName: string;
  /** Default: `ecdsa-p256`. */
  readonly algorithm?: KeyAlgorithm;
  /** Milliseconds; default ten years. */
  readonly lifetimeMs?: number;
  /** Epoch milliseconds; default five minutes ago. */
  readonly notBeforeMs?: number;
  readonly clock?: Clock;
}

/** A new self-signed authority. */
export const createCertificateAuthority = async (options: AuthorityOptions): Promise<CertificateAuthority> => {
  const { clock = systemClock, lifetimeMs = 3650 * DAY_MS } = options;
  const keyPair = await createKeyPair(options.algorithm === undefined ? {} : { algorithm: options.algorithm });
  const nowMs = clock.nowMs();
  const name = encodeName({ commonName: options.commonName });
  const certificatePem = signCertificate({
    subjectDer: name,
    issuerDer: name,
    publicKey: keyPair.publicKey,
    issuerKey: keyPair.privateKey,
    issuerKeyId: computeKeyId(keyPair.publicKey.export({ type: "spki", format: "der" })),
    extensions: { usages: ["digital signature", "key encipherment", "cert sign"], isAuthority: true },
    notBeforeMs: options.notBeforeMs ?? nowMs - BACKDATE_MS,
    notAfterMs: nowMs + lifetimeMs,
  });
  return { certificatePem, keyPair };
};

/** An authority from its PEM texts. @throws CertificatesError invalid-pem, invalid-der, invalid-key, invalid-certificate, key-mismatch */
export const readCertificateAuthority = (pem: {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}): CertificateAuthority => {
  const parsed = parseCertificateDer(firstCertificateDer(pem.certificatePem));
  if (!parsed.description.isAuthority) {
    throw new CertificatesError("invalid-certificate", "read certificate authority: the certificate may not sign others");
  }
  const keyPair = readKeyPair(pem.privateKeyPem);
  if (!keyPair.publicKey.equals(readPublicKey(parsed.publicKeyDer))) {
    throw new CertificatesError("key-mismatch", "read certificate authority: the private key is not the certificate's");
  }
  return { certificatePem: pem.certificatePem, keyPair };
};

/** What a certificate shall say. */
export interface IssueOptions extends AlternativeNames {
  readonly authority: CertificateAuthority;
  readonly subject: DistinguishedName;
  /** Of whoever will use the certificate. */
  readonly publicKey: KeyObject;
  readonly usages: readonly KeyUsage[];
  /** Milliseconds from now; never past the end of the authority itself. */
  readonly lifetimeMs: number;
  /** Epoch milliseconds; default five minutes ago. */
  readonly notBeforeMs?: number;
  readonly clock?: Clock;
}

/** The same with a subject that is encoded already: that of a request, whatever is in it. */
export const issueEncoded = (options: Omit<IssueOptions, "subject"> & { readonly subjectDer: Uint8Array }): string => {
  const { authority, clock = systemClock, dnsNames, ipAddresses, emailAddresses, uris } = options;
  const issuer = parseCertificateDer(firstCertificateDer(authority.certificatePem));
  const nowMs = clock.nowMs();
  return signCertificate({
    subjectDer: options.subjectDer,
    issuerDer: issuer.subjectDer,
    publicKey: options.publicKey,
    issuerKey: authority.keyPair.privateKey,
    issuerKeyId: issuer.extensions.subjectKeyId ?? computeKeyId(issuer.publicKeyDer),
    extensions: {
      usages: options.usages,
      isAuthority: false,
      ...(dnsNames === undefined ? {} : { dnsNames }),
      ...(ipAddresses === undefined ? {} : { ipAddresses }),
      ...(emailAddresses === undefined ? {} : { emailAddresses }),
      ...(uris === undefined ? {} : { uris }),
    },
    notBeforeMs: Math.max(options.notBeforeMs ?? nowMs - BACKDATE_MS, issuer.description.notBeforeMs),
    notAfterMs: Math.min(nowMs + options.lifetimeMs, issuer.description.notAfterMs),
  });
};

/** A certificate signed by the authority; PEM. @throws CertificatesError invalid-argument, unsupported */
export const issueCertificate = (options: IssueOptions): string => issueEncoded({ ...options, subjectDer: encodeName(options.subject) });
