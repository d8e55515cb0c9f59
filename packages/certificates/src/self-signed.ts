import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { createCertificateAuthority, issueCertificate } from "./authority.ts";
import { createKeyPair } from "./keys.ts";
import type { KeyAlgorithm } from "./keys.ts";
import { isIP } from "node:net";

const HOUR_MS = 3_600_000;

const YEAR_MS = 365 * 24 * HOUR_MS;

/** What {@link createSelfSigned} takes. */
export interface SelfSignedOptions {
  /** Name or address of the host: goes into the CN and is the first alternative name. */
  readonly host: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Full CN; default `<host>@<unix seconds>`. */
  readonly commonName?: string;
  /** Default: `ecdsa-p256` (the reference makes RSA 2048). */
  readonly algorithm?: KeyAlgorithm;
  /** Epoch milliseconds; default an hour ago. */
  readonly notBeforeMs?: number;
  /** Epoch milliseconds; default 365 days after `notBeforeMs`. */
  readonly notAfterMs?: number;
  readonly clock?: Clock;
}

/** A serving certificate and its key. */
export interface SelfSigned {
  /** The certificate, then that of the authority that signed it. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/**
 * The serving certificate of a kubelet that was given none: signed by an authority `<host>-ca@<unix seconds>` that is made for it, appended,
 * and whose key is thrown away. As client-go's util/cert GenerateSelfSignedCertKey (1.36).
 */
export const createSelfSigned = async (options: SelfSignedOptions): Promise<SelfSigned> => {
  const { host, clock = systemClock, algorithm = "ecdsa-p256" } = options;
  const nowMs = clock.nowMs();
  const stamp = Math.floor(nowMs / 1000);
  const notBeforeMs = options.notBeforeMs ?? nowMs - HOUR_MS;
  const notAfterMs = options.notAfterMs ?? notBeforeMs + YEAR_MS;
  const lifetimeMs = notAfterMs - nowMs;
  const authority = await createCertificateAuthority({ commonName: `${host}-ca@${stamp}`, algorithm, notBeforeMs, lifetimeMs, clock });
  const keyPair = await createKeyPair({ algorithm });
  const isAddress = isIP(host) !== 0;
  const certificatePem = issueCertificate({
    authority,
    subject: { commonName: options.commonName ?? `${host}@${stamp}` },
    publicKey: keyPair.publicKey,
    usages: ["digital signature", "key encipherment", "server auth"],
    dnsNames: [...new Set([...(isAddress ? [] : [host]), ...(options.dnsNames ?? [])])],
    ipAddresses: [...new Set([...(isAddress ? [host] : []), ...(options.ipAddresses ?? [])])],
    notBeforeMs,
    lifetimeMs,
    clock,
  });
  return { certificatePem: certificatePem + authority.certificatePem, privateKeyPem: keyPair.exportPrivateKeyPem() };
};
