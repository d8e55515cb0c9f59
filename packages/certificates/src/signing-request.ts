import type { KeyObject } from "node:crypto";
import type { Clock } from "@nk/stdx";
import { issueEncoded } from "./authority.ts";
import type { CertificateAuthority } from "./authority.ts";
import { decodeAll, decodeMembers, decodeOid, decodeOne, expectTag } from "./der/decode.ts";
import type { DerValue } from "./der/decode.ts";
import { encodeOid, encodeSequence, encodeSetOf, encodeUnsigned, encodeValue } from "./der/encode.ts";
import { contextTag, TAG } from "./der/tags.ts";
import { readPublicKey } from "./describe.ts";
import { CertificatesError, isCertificatesError } from "./errors.ts";
import { decodeExtensions, encodeExtensions } from "./extensions.ts";
import type { AlternativeNames, Extensions } from "./extensions.ts";
import type { KeyPair } from "./keys.ts";
import { decodeName, encodeName } from "./names.ts";
import type { DistinguishedName } from "./names.ts";
import { OID } from "./oids.ts";
import { decodePem, encodePem } from "./pem.ts";
import { decodeSigned, encodeSigned, isSignedBy } from "./signature.ts";
import type { KeyUsage } from "./usages.ts";

/** A request is a few hundred bytes; an API server refuses objects of more than 1.5 MB anyway. */
const DEFAULT_MAX_PEM_LENGTH = 64 * 1024;

/** What {@link createCsr} takes. */
export interface CsrOptions extends AlternativeNames {
  readonly keyPair: KeyPair;
  /** Of a node's client: `{ organizations: ["system:nodes"], commonName: "system:node:NAME" }`. */
  readonly subject: DistinguishedName;
  /** Rarely: the kubelet states its usages in the CertificateSigningRequest object, not in here. */
  readonly usages?: readonly KeyUsage[];
}

/** A PKCS #10 request, signed with the key it is for; PEM `CERTIFICATE REQUEST`. @throws CertificatesError invalid-argument */
export const createCsr = (options: CsrOptions): string => {
  const { keyPair, subject, usages = [], dnsNames, ipAddresses, emailAddresses, uris } = options;
  const names: AlternativeNames = {
    ...(dnsNames === undefined ? {} : { dnsNames }),
    ...(ipAddresses === undefined ? {} : { ipAddresses }),
    ...(emailAddresses === undefined ? {} : { emailAddresses }),
    ...(uris === undefined ? {} : { uris }),
  };
  const hasExtensions = usages.length > 0 || Object.values(names).some((list: readonly string[]) => list.length > 0);
  const request = encodeSequence(
    encodeUnsigned(Uint8Array.of(0)),
    encodeName(subject),
    keyPair.publicKey.export({ type: "spki", format: "der" }),
    encodeValue(
      contextTag(0, "constructed"),
      ...(hasExtensions
        ? [encodeSequence(encodeOid(OID.extensionRequest), encodeSetOf(encodeExtensions({ ...names, usages }, true)))]
        : []),
    ),
  );
  return encodePem({ label: "CERTIFICATE REQUEST", der: encodeSigned(request, keyPair.privateKey) });
};

/** A request whose signature fits its key. */
export interface ParsedCsr extends AlternativeNames {
  readonly subject: DistinguishedName;
  /** The subject as it was encoded, with the attributes that {@link DistinguishedName} has no place for. */
  readonly subjectDer: Uint8Array;
  readonly publicKey: KeyObject;
  /** Usages it asks for itself; mostly none. */
  readonly usages: readonly KeyUsage[];
}

const decodeRequestedExtensions = (attributes: DerValue | undefined): Extensions => {
  if (attributes === undefined) return {};
  if (attributes.tag !== contextTag(0, "constructed")) {
    throw new CertificatesError("invalid-der", "decode DER: something else where a request's attributes belong");
  }
  for (const attribute of decodeAll(attributes.contents)) {
    const [type, values] = decodeMembers(attribute);
    if (decodeOid(type) === OID.extensionRequest) return decodeExtensions(decodeMembers(values, TAG.set)[0]);
  }
  return {};
};

const parseDer = (der: Uint8Array): ParsedCsr => {
  const signed = decodeSigned(decodeOne(der).raw);
  const [version, subject, publicKeyInfo, attributes] = decodeMembers(signed.body);
  if (expectTag(version, TAG.integer).contents[0] !== 0)
    throw new CertificatesError("invalid-request", "read request: of an unknown version");
  const publicKey = readPublicKey(expectTag(publicKeyInfo, TAG.sequence).raw);
  if (!isSignedBy(signed, publicKey)) {
    throw new CertificatesError("invalid-request", "read request: it is not signed with the key it is for");
  }
  const { usages = [], dnsNames, ipAddresses, emailAddresses, uris } = decodeRequestedExtensions(attributes);
  return {
    subject: decodeName(subject),
    subjectDer: expectTag(subject, TAG.sequence).raw,
    publicKey,
    usages,
    ...(dnsNames === undefined ? {} : { dnsNames }),
    ...(ipAddresses === undefined ? {} : { ipAddresses }),
    ...(emailAddresses === undefined ? {} : { emailAddresses }),
    ...(uris === undefined ? {} : { uris }),
  };
};

/**
 * Reads a request from a stranger and verifies that whoever made it holds the private key. Whatever is wrong with it is a CertificatesError:
 * invalid-pem, invalid-request, or as `cause` of the latter what exactly. `maxLength` in characters, default 65,536.
 */
export const parseCsr = (pem: string, options: { readonly maxLength?: number } = {}): ParsedCsr => {
  const blocks = decodePem(pem, options.maxLength ?? DEFAULT_MAX_PEM_LENGTH);
  const [block] = blocks;
  // The second label is what some old programs write.
  if (block === undefined || blocks.length !== 1 || !/^(NEW )?CERTIFICATE REQUEST$/u.test(block.label)) {
    throw new CertificatesError("invalid-pem", "read request: the text is not one block CERTIFICATE REQUEST");
  }
  try {
    return parseDer(block.der);
  } catch (cause) {
    if (!isCertificatesError(cause) || cause.code === "invalid-request") throw cause;
    throw new CertificatesError("invalid-request", `read request: ${cause.message}`, { cause });
  }
};

/** What {@link signCsr} takes. */
export interface SignCsrOptions {
  readonly csr: ParsedCsr;
  readonly authority: CertificateAuthority;
  /** What the signer grants, not what the request asks for. */
  readonly usages: readonly KeyUsage[];
  /** Milliseconds from now; never past the end of the authority itself. */
  readonly lifetimeMs: number;
  readonly clock?: Clock;
}

/**
 * The certificate for a request: its subject, names and key, the given usages. Whether the requester may have them is for the caller to
 * decide first; an authority is never made of a request. @throws CertificatesError invalid-argument, unsupported
 */
export const signCsr = (options: SignCsrOptions): string => {
  const { csr, authority, usages, lifetimeMs, clock } = options;
  return issueEncoded({ ...csr, authority, usages, lifetimeMs, ...(clock === undefined ? {} : { clock }) });
};
