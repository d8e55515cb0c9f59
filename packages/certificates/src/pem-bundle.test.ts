import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyPair } from "./keys.ts";
import { parsePemBundle, readPemBundle } from "./pem-bundle.ts";
import { createSelfSigned } from "./self-signed.ts";
import type { SelfSigned } from "./self-signed.ts";

let dir: string;
let own: SelfSigned;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pem-bundle-"));
  own = await createSelfSigned({ host: "n1" });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const write = async (name: string, text: string): Promise<string> => {
  const path = join(dir, name);
  await writeFile(path, text);
  await chmod(path, 0o600);
  return path;
};

describe("readPemBundle", () => {
  it("reads chain and key from one file in any order, and from two", async () => {
    const expected = { certificatePem: own.certificatePem, description: { dnsNames: ["n1"] } };
    const { certificatePem, privateKeyPem } = own;
    const before = await write("before.pem", `# a comment\n${privateKeyPem}${certificatePem}`);
    const after = await write("after.pem", `${certificatePem.replaceAll("\n", "\r\n")}${privateKeyPem}`);
    const alone = await write("alone.pem", certificatePem);
    const key = await write("key.pem", privateKeyPem);
    await expect(readPemBundle({ certificateFile: before })).resolves.toMatchObject(expected);
    await expect(readPemBundle({ certificateFile: after })).resolves.toMatchObject(expected);
    await expect(readPemBundle({ certificateFile: alone, privateKeyFile: key })).resolves.toMatchObject(expected);
    await expect(readPemBundle({ certificateFile: alone })).rejects.toMatchObject({
      code: "invalid-pem",
      message: `read PEM bundle: there is no private key (${alone})`,
    });
  });

  it("says which file cannot be read", async () => {
    await expect(readPemBundle({ certificateFile: join(dir, "gone.pem") })).rejects.toMatchObject({
      code: "unreadable",
      message: `read ${join(dir, "gone.pem")}: ENOENT`,
    });
    await expect(readPemBundle({ certificateFile: dir })).rejects.toMatchObject({ code: "unreadable" });
    await expect(readPemBundle({ certificateFile: await write("big.pem", "x".repeat(99)), maxBytes: 98 })).rejects.toMatchObject({
      code: "unreadable",
    });
    // A device never ends.
    await expect(readPemBundle({ certificateFile: "/dev/zero" })).rejects.toMatchObject({ code: "invalid-pem" });
  });
});

describe("parsePemBundle", () => {
  it("refuses a key that is not the certificate's, two keys, encrypted keys and no certificate, and shows no key", async () => {
    const { certificatePem: certificate, privateKeyPem } = own;
    const other = (await createKeyPair()).exportPrivateKeyPem();
    const codeOf = (privateKey: string, chain = certificate): unknown => {
      try {
        parsePemBundle({ certificate: chain, privateKey });
        return undefined;
      } catch (error) {
        const secret = privateKey.split("\n")[1] ?? "-----BEGIN";
        expect(String(error instanceof Error ? error.stack : error)).not.toContain(secret);
        return error instanceof Error && "code" in error ? error.code : error;
      }
    };
    expect(codeOf(privateKeyPem)).toBeUndefined();
    expect(codeOf(other)).toBe("key-mismatch");
    expect(codeOf(privateKeyPem + other)).toBe("invalid-pem");
    expect(codeOf("", certificate)).toBe("invalid-pem");
    expect(codeOf(privateKeyPem, "")).toBe("invalid-pem");
    expect(codeOf("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")).toBe("invalid-key");
    expect(codeOf("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")).toBe("invalid-key");
  });
});
