import { createSeededRandom } from "@nk/stdx";
import { beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "./authority.ts";
import { describeCertificate } from "./describe.ts";
import { isCertificatesError } from "./errors.ts";
import { createKeyPair } from "./keys.ts";
import { decodePem, encodePem } from "./pem.ts";
import { createCsr, parseCsr } from "./signing-request.ts";

/*
 * Requests come from strangers over the network. Whatever they are made of, reading them ends quickly, in a CertificatesError; an error of
 * another kind would end the process of a server that does not expect it.
 */
let der: Uint8Array;
let certificate: Uint8Array;

beforeAll(async () => {
  const keyPair = await createKeyPair();
  const subject = { commonName: "system:node:n1", organizations: ["system:nodes"] };
  const pem = createCsr({ keyPair, subject, dnsNames: ["n1"], ipAddresses: ["10.0.0.1", "::1"], usages: ["server auth"] });
  der = decodePem(pem)[0]?.der ?? new Uint8Array();
  const { certificatePem } = await createCertificateAuthority({ commonName: "ca" });
  certificate = decodePem(certificatePem)[0]?.der ?? new Uint8Array();
});

const wrap = (bytes: Uint8Array): string => encodePem({ label: "CERTIFICATE REQUEST", der: bytes });

/** Undefined when it was accepted. */
const codeOf = (read: () => unknown): string | undefined => {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!isCertificatesError(error)) throw error;
    return error.code;
  }
};

const MUTATIONS = 4_000;

describe("a hostile request", () => {
  it("that is cut off anywhere is refused", () => {
    for (let length = 0; length < der.length; length += 1) {
      expect(codeOf(() => parseCsr(wrap(der.subarray(0, length))))).toBe("invalid-request");
      expect(codeOf(() => describeCertificate(certificate.subarray(0, length % certificate.length)))).toBe("invalid-der");
    }
  });

  it("with any single bit turned is refused", () => {
    for (let bit = 0; bit < der.length * 8; bit += 1) {
      const changed = Uint8Array.from(der);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(
        codeOf(() => parseCsr(wrap(changed))),
        `bit ${bit}`,
      ).toBe("invalid-request");
    }
  });

  it("with bytes changed, put in and taken out at random ends in an error of this package", () => {
    const seed = 20_261_121;
    const random = createSeededRandom(seed);
    const upTo = (limit: number): number => Math.floor(random() * limit);
    for (let round = 0; round < MUTATIONS; round += 1) {
      const bytes = [...(round % 2 === 0 ? der : certificate)];
      for (let count = 0; count <= upTo(4); count += 1) {
        const [at, kind] = [upTo(bytes.length), upTo(3)];
        if (kind === 0) bytes[at] = upTo(256);
        else if (kind === 1) bytes.splice(at, 0, ...Array.from({ length: 1 + upTo(5) }, () => upTo(256)));
        else bytes.splice(at, 1 + upTo(20));
      }
      const changed = Uint8Array.from(bytes);
      codeOf(() => parseCsr(wrap(changed)));
      codeOf(() => describeCertificate(changed));
    }
    expect(seed).toBeGreaterThan(0);
  });

  it("of random bytes is refused", () => {
    const random = createSeededRandom(7);
    for (let round = 0; round < 1_000; round += 1) {
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 200) }, () => Math.floor(random() * 256));
      expect(codeOf(() => parseCsr(wrap(bytes)))).toBe("invalid-request");
    }
  });

  it.each<[string, () => string, string]>([
    ["without a PEM block", () => "hello", "invalid-pem"],
    ["of two blocks", () => wrap(der) + wrap(der), "invalid-pem"],
    ["with another label", () => encodePem({ label: "CERTIFICATE", der }), "invalid-pem"],
    ["that ends as something else", () => wrap(der).replace("END CERTIFICATE REQUEST", "END CERTIFICATE"), "invalid-pem"],
    ["that is not base64", () => "-----BEGIN CERTIFICATE REQUEST-----\nAAA\n-----END CERTIFICATE REQUEST-----\n", "invalid-pem"],
    ["longer than the limit", () => wrap(new Uint8Array(100_000)), "invalid-pem"],
    ["of an indefinite length", () => wrap(Uint8Array.of(0x30, 0x80, 0, 0)), "invalid-request"],
    ["that claims four gigabytes", () => wrap(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0)), "invalid-request"],
    ["nested a thousand times", () => wrap(nest(1_000)), "invalid-request"],
    ["with bytes after it", () => wrap(Buffer.concat([der, Uint8Array.of(5, 0)])), "invalid-request"],
  ])("%s is refused", (_what, make, code) => {
    expect(codeOf(() => parseCsr(make()))).toBe(code);
  });
});

const nest = (depth: number): Uint8Array => {
  let inner: Uint8Array = Uint8Array.of(5, 0);
  for (let level = 0; level < depth; level += 1) {
    const { length } = inner;
    inner = Buffer.concat([length < 128 ? Uint8Array.of(0x30, length) : Uint8Array.of(0x30, 0x82, length >> 8, length & 0xff), inner]);
    if (length >= 128 && length < 256) inner = Buffer.concat([Uint8Array.of(0x30, 0x81, length), inner.subarray(4)]);
  }
  return inner;
};
