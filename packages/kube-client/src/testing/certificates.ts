import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";

/** A certificate with its key, PEM. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A certificate authority for tests, made with the openssl program. */
export interface TestAuthority extends AsyncDisposable {
  readonly caPem: string;
  /** A certificate for 127.0.0.1, localhost and further names. */
  issueServer(options?: { readonly names?: readonly string[] | undefined }): Promise<IssuedCertificate>;
  /** A client certificate; `group` is its organization. */
  issueClient(user: string, options?: { readonly group?: string | undefined }): Promise<IssuedCertificate>;
}

const TIMEOUT_MS = 20_000;

const openssl = async (args: readonly string[]): Promise<void> => {
  const { exitCode, stderr } = await runSubprocess(["openssl", ...args], { timeoutMs: TIMEOUT_MS });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]} ended with ${exitCode}: ${stderr.slice(0, 500)}`);
};

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority in a temporary folder, which disposing removes. */
export const createTestAuthority = async (): Promise<TestAuthority> => {
  const dir = await mkdtemp(join(tmpdir(), "nk-kube-client-ca-"));
  const at = (name: string): string => join(dir, name);
  await openssl(["req", "-x509", ...KEY, "-keyout", at("ca.key"), "-out", at("ca.crt"), "-subj", "/CN=test-ca", "-days", "2"]);
  let serial = 0;
  const issue = async (subject: string, extensions: readonly string[]): Promise<IssuedCertificate> => {
    serial += 1;
    const name = `c${serial}`;
    await writeFile(at(`${name}.ext`), extensions.join("\n"));
    await openssl(["req", ...KEY, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`), "-subj", subject]);
    const signer = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-set_serial", String(serial + 1)];
    await openssl([
      "x509",
      "-req",
      "-in",
      at(`${name}.csr`),
      ...signer,
      "-days",
      "1",
      "-extfile",
      at(`${name}.ext`),
      "-out",
      at(`${name}.crt`),
    ]);
    return { certificatePem: await readFile(at(`${name}.crt`), "utf8"), keyPem: await readFile(at(`${name}.key`), "utf8") };
  };
  return {
    caPem: await readFile(at("ca.crt"), "utf8"),
    issueServer({ names = [] } = {}) {
      const alternatives = ["IP:127.0.0.1", "DNS:localhost", ...names.map((name) => `DNS:${name}`)];
      return issue("/CN=fake-apiserver", ["extendedKeyUsage=serverAuth", `subjectAltName=${alternatives.join(",")}`]);
    },
    issueClient(user, { group } = {}) {
      return issue(`${group === undefined ? "" : `/O=${group}`}/CN=${user}`, ["extendedKeyUsage=clientAuth"]);
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};
