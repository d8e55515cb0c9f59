import { createKeyPair } from "@nk/certificates";
import type { KeyAlgorithm } from "@nk/certificates";
import { formatTimestamp } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiObject, Store } from "../contracts.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND } from "../stored-kinds.ts";
import { createStaticTokens, joinTokenAuthenticators } from "./bearer-tokens.ts";
import type { TokenAuthenticator } from "./bearer-tokens.ts";
import { createServiceAccountTokens } from "./service-account-tokens.ts";
import { createTokenSigner } from "./token-signer.ts";
import type { TokenClaims, TokenSigner } from "./token-signer.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const AUDIENCES = [ISSUER];

let clock: ReturnType<typeof createFakeClock>;
let store: Store;
let signer: TokenSigner;
let tokens: TokenAuthenticator;
let claims: Omit<TokenClaims, "iss">;

const reference = (object: ApiObject): { readonly name: string; readonly uid: string } => ({
  name: object.metadata?.name ?? "",
  uid: object.metadata?.uid ?? "",
});

const open = async (algorithm: KeyAlgorithm): Promise<void> => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
  signer = createTokenSigner({ keyPair: await createKeyPair({ algorithm }), issuer: ISSUER });
  tokens = createServiceAccountTokens({ signer, store, clock });
  const account = store.create(KIND.serviceAccounts, { metadata: { namespace: "ns", name: "sa" } });
  const pod = store.create(KIND.pods, { metadata: { namespace: "ns", name: "p" }, spec: { nodeName: "n" } });
  const iat = Math.floor(clock.nowMs() / 1000);
  claims = {
    sub: "system:serviceaccount:ns:sa",
    aud: [ISSUER],
    iat,
    nbf: iat,
    exp: iat + 3600,
    jti: "j-1",
    "kubernetes.io": { namespace: "ns", serviceaccount: reference(account), pod: reference(pod), node: { name: "n", uid: "u" } },
  };
};

beforeEach(() => open("ecdsa-p256"));

describe.each<[KeyAlgorithm, string]>([
  ["ecdsa-p256", "ES256"],
  ["rsa-2048", "RS256"],
])("a token signed with %s", (algorithm, alg) => {
  it("names the account, its groups, the pod and the node", async () => {
    await open(algorithm);
    const token = signer.sign(claims);
    expect(JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString())).toMatchObject({ alg });
    expect(tokens.authenticateToken(token, AUDIENCES)).toEqual({
      user: {
        username: "system:serviceaccount:ns:sa",
        uid: claims["kubernetes.io"].serviceaccount.uid,
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
        extra: {
          "authentication.kubernetes.io/credential-id": ["JTI=j-1"],
          "authentication.kubernetes.io/pod-name": ["p"],
          "authentication.kubernetes.io/pod-uid": [claims["kubernetes.io"].pod?.uid],
          "authentication.kubernetes.io/node-name": ["n"],
          "authentication.kubernetes.io/node-uid": ["u"],
        },
      },
      audiences: [ISSUER],
    });
    expect(signer.keySet().keys).toMatchObject([{ use: "sig", alg, kid: expect.any(String) as string }]);
    expect(JSON.stringify(signer.keySet())).not.toContain('"d":');
  });
});

describe("a service account token", () => {
  const errorOf = (token: string, audiences = AUDIENCES): string | undefined => {
    const verdict = tokens.authenticateToken(token, audiences);
    if (verdict === undefined) return "unknown";
    return "error" in verdict ? verdict.error : undefined;
  };

  it("is refused when the pod it is bound to is gone, or is another of the same name", () => {
    const token = signer.sign(claims);
    expect(errorOf(token)).toBeUndefined();
    store.remove(KIND.pods, { namespace: "ns", name: "p" });
    expect(errorOf(token)).toBe("service account token has been invalidated");
    store.create(KIND.pods, { metadata: { namespace: "ns", name: "p" } });
    expect(errorOf(token)).toMatch(/^pod UID \(.*\) does not match service account pod ref claim/u);
  });

  it("outlives the deletion of its pod by a minute, while the pod is still shutting down", async () => {
    const token = signer.sign(claims);
    const deletionTimestamp = formatTimestamp(clock.nowMs());
    store.update(KIND.pods, { namespace: "ns", name: "p" }, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } }));
    await clock.advance(59_000);
    expect(errorOf(token)).toBeUndefined();
    await clock.advance(3_000);
    expect(errorOf(token)).toBe("service account token has been invalidated");
  });

  it("is refused when account, secret or node it is bound to is another", () => {
    const account = claims["kubernetes.io"].serviceaccount;
    const bound = (more: object): string =>
      signer.sign({ ...claims, "kubernetes.io": { namespace: "ns", serviceaccount: account, ...more } });
    const secret = store.create(KIND.secrets, { metadata: { namespace: "ns", name: "s" } });
    const node = store.create(KIND.nodes, { metadata: { name: "n" } });
    expect(errorOf(bound({ secret: reference(secret) }))).toBeUndefined();
    expect(errorOf(bound({ secret: { name: "s", uid: "other" } }))).toMatch(/^secret UID/u);
    expect(errorOf(bound({ node: reference(node) }))).toBeUndefined();
    expect(errorOf(bound({ node: { name: "gone", uid: "x" } }))).toBe("service account token has been invalidated");
    expect(errorOf(bound({ serviceaccount: { name: "sa", uid: "other" } }))).toMatch(/^service account UID/u);
    expect(errorOf(bound({ serviceaccount: { name: "gone", uid: "other" } }))).toMatch(/not found/u);
  });

  it("is refused when it has expired, has yet to begin, or is for another audience", () => {
    expect(errorOf(signer.sign({ ...claims, exp: claims.iat - 61 }))).toBe("service account token has expired");
    expect(errorOf(signer.sign({ ...claims, nbf: claims.iat + 62 }))).toBe("service account token is not valid yet");
    expect(errorOf(signer.sign({ ...claims, aud: ["vault"] }))).toMatch(/is invalid for the target audiences/u);
    expect(errorOf(signer.sign({ ...claims, aud: ["vault"] }), ["vault"])).toBeUndefined();
  });

  it("that was tampered with, is signed by another key, by nobody, or is no token is unknown", async () => {
    const token = signer.sign(claims);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const other = createTokenSigner({ keyPair: await createKeyPair(), issuer: ISSUER });
    const foreign = createTokenSigner({ keyPair: await createKeyPair(), issuer: "https://elsewhere" });
    const forged = Buffer.from(JSON.stringify({ ...claims, iss: ISSUER, sub: "admin" })).toString("base64url");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const text of [
      other.sign(claims),
      foreign.sign(claims),
      `${header}.${forged}.${signature}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${payload}`,
      `${token}.x`,
      "",
      "...",
      "a.b.c",
      "x".repeat(100_000),
    ]) {
      expect(errorOf(text)).toBe("unknown");
    }
  });
});

describe("static tokens", () => {
  it("are known whole only, and others are asked after them", () => {
    const admin = { username: "admin", groups: ["system:masters"] };
    const both = joinTokenAuthenticators(createStaticTokens([{ token: "secret-token", user: admin }]), tokens);
    expect(both.authenticateToken("secret-token", AUDIENCES)).toEqual({ user: admin, audiences: AUDIENCES });
    expect(both.authenticateToken("secret-toke", AUDIENCES)).toBeUndefined();
    expect(both.authenticateToken(signer.sign(claims), AUDIENCES)).toMatchObject({ user: { username: "system:serviceaccount:ns:sa" } });
  });
});
