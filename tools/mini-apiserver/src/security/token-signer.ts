import { createHash, sign, verify } from "node:crypto";
import type { KeyPair } from "@nk/certificates";

/** A token of more than this is not ours. */
const MAX_TOKEN_LENGTH = 16 * 1024;

/** The registered claims, and those of Kubernetes (pkg/serviceaccount/claims.go). Times are seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: ObjectClaim;
    readonly pod?: ObjectClaim;
    readonly node?: ObjectClaim;
    readonly secret?: ObjectClaim;
    readonly warnafter?: number;
  };
}

/** An object at one moment of its existence. */
export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

/** Signs and verifies service account tokens with one key. */
export interface TokenSigner {
  readonly issuer: string;
  sign(claims: Omit<TokenClaims, "iss">): string;
  /** The claims, if the token is signed with this key and says it is from this issuer; nothing else is checked. */
  verify(token: string): TokenClaims | undefined;
  /** The public key as a JSON Web Key Set, for `/openid/v1/jwks`. */
  keySet(): { readonly keys: readonly object[] };
  /** `/.well-known/openid-configuration`. */
  discovery(): object;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const decode = (text: string | undefined): { readonly [name: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(text ?? "", "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as { readonly [name: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
};

const isClaims = (payload: { readonly [name: string]: unknown }): boolean => {
  const own = payload["kubernetes.io"];
  return (
    [payload["iat"], payload["nbf"], payload["exp"]].every((time) => typeof time === "number") &&
    Array.isArray(payload["aud"]) &&
    typeof own === "object" &&
    own !== null &&
    "serviceaccount" in own
  );
};

/** RS256 with an RSA key, ES256 with one on P-256. The key's id is the SHA-256 of its public half, as the reference's. */
export const createTokenSigner = (options: { readonly keyPair: KeyPair; readonly issuer: string }): TokenSigner => {
  const { keyPair, issuer } = options;
  const alg = keyPair.publicKey.asymmetricKeyType === "rsa" ? "RS256" : "ES256";
  const dsaEncoding = "ieee-p1363" as const;
  const kid = createHash("sha256")
    .update(keyPair.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  const isOurs = (token: string): boolean => {
    const [header, payload, signature, ...rest] = token.split(".");
    if (signature === undefined || rest.length > 0 || decode(header)?.["alg"] !== alg) return false;
    const signed = Buffer.from(`${header}.${payload}`);
    return verify("sha256", signed, { key: keyPair.publicKey, dsaEncoding }, Buffer.from(signature, "base64url"));
  };
  return {
    issuer,
    sign(claims) {
      const body = `${encode({ alg, kid })}.${encode({ ...claims, iss: issuer })}`;
      return `${body}.${sign("sha256", Buffer.from(body), { key: keyPair.privateKey, dsaEncoding }).toString("base64url")}`;
    },
    verify(token) {
      if (token.length > MAX_TOKEN_LENGTH || !isOurs(token)) return undefined;
      const payload = decode(token.split(".")[1]);
      return payload !== undefined && payload["iss"] === issuer && isClaims(payload) ? (payload as unknown as TokenClaims) : undefined;
    },
    keySet: () => ({ keys: [{ use: "sig", ...keyPair.publicKey.export({ format: "jwk" }), kid, alg }] }),
    discovery: () => ({
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [alg],
    }),
  };
};
