import { generateKeyPair } from "node:crypto";
import { access, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { runCommand } from "../command.ts";

const generate = promisify(generateKeyPair);

/** Days; a lab lives for minutes. */
const VALIDITY_DAYS = 30;
/** Days; a server that takes over an authority wants it to outlast certificates of a year. */
const AUTHORITY_VALIDITY_DAYS = 3650;

/** Files of a certificate and its key. */
export interface KeyPairFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateRequest {
  readonly user: string;
  readonly groups?: readonly string[];
  /** As openssl spells them, e.g. `IP:127.0.0.1`; with them it is a server's certificate, without a client's. */
  readonly altNames?: readonly string[];
}

/** A certificate authority in a folder. */
export interface Authority {
  readonly cert: string;
  /** Makes `<name>.crt` and `<name>.key` unless they are there. */
  issue(name: string, request: CertificateRequest): Promise<KeyPairFiles>;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const writeSecret = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
};

const writeEcKey = async (path: string): Promise<void> => {
  const { privateKey } = await generate("ec", { namedCurve: "prime256v1" });
  await writeSecret(path, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
};

const subjectOf = ({ user, groups = [] }: CertificateRequest): string =>
  // A slash separates the parts of openssl's notation.
  [...groups.map((group) => `/O=${group.replaceAll("/", String.raw`\/`)}`), `/CN=${user.replaceAll("/", String.raw`\/`)}`].join("");

/** Makes a self-signed certificate, or one that `signedBy` signs. */
const sign = async (
  files: KeyPairFiles,
  options: {
    readonly dir: string;
    readonly subject: string;
    readonly extensions: readonly string[];
    readonly days: number;
    readonly signedBy?: KeyPairFiles;
  },
): Promise<void> => {
  const { dir, subject, extensions, days, signedBy } = options;
  await writeEcKey(files.key);
  await runCommand([
    "openssl",
    "req",
    "-x509",
    "-new",
    "-sha256",
    "-days",
    String(days),
    "-config",
    join(dir, "openssl.cnf"),
    "-key",
    files.key,
    "-subj",
    subject,
    "-out",
    files.cert,
    ...(signedBy === undefined ? [] : ["-CA", signedBy.cert, "-CAkey", signedBy.key]),
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ]);
};

/** Opens the authority in `dir`, which is made if it is not there. */
export const openAuthority = async (dir: string, name: string): Promise<Authority> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // Without a file of its own, openssl's default one would make a CA of every certificate.
  await writeFile(join(dir, "openssl.cnf"), "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n");
  const ca: KeyPairFiles = { cert: join(dir, "ca.crt"), key: join(dir, "ca.key") };
  if (!(await exists(ca.cert))) {
    const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature", "subjectKeyIdentifier=hash"];
    await sign(ca, { dir, subject: `/CN=${name}`, extensions, days: AUTHORITY_VALIDITY_DAYS });
  }
  return {
    cert: ca.cert,
    issue: async (file, request) => {
      const files = { cert: join(dir, `${file}.crt`), key: join(dir, `${file}.key`) };
      if (await exists(files.cert)) return files;
      const { altNames } = request;
      const usage =
        altNames === undefined ? ["extendedKeyUsage=clientAuth"] : ["extendedKeyUsage=serverAuth", `subjectAltName=${altNames.join(",")}`];
      const extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", ...usage];
      await sign(files, { dir, subject: subjectOf(request), extensions, days: VALIDITY_DAYS, signedBy: ca });
      return files;
    },
  };
};

/** The keys that service account tokens are signed and checked with. */
export const openTokenKeys = async (dir: string): Promise<{ readonly privateKey: string; readonly publicKey: string }> => {
  const files = { privateKey: join(dir, "sa.key"), publicKey: join(dir, "sa.pub") };
  if (await exists(files.publicKey)) return files;
  const { privateKey, publicKey } = await generate("rsa", { modulusLength: 2048 });
  await writeSecret(files.privateKey, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  await writeFile(files.publicKey, publicKey.export({ type: "spki", format: "pem" }));
  return files;
};

/** A kubeconfig with everything embedded, as JSON, which is YAML. */
export const renderKubeconfig = async (options: {
  readonly url: string;
  readonly caFile: string;
  readonly user: string;
  readonly files: KeyPairFiles;
}): Promise<string> => {
  const { url, caFile, user, files } = options;
  const [ca, cert, key] = await Promise.all([caFile, files.cert, files.key].map((path) => readFile(path, "base64")));
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: url, "certificate-authority-data": ca } }],
    users: [{ name: user, user: { "client-certificate-data": cert, "client-key-data": key } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user } }],
    "current-context": "lab",
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
};

/** Writes a kubeconfig that only its owner reads. */
export const writeKubeconfig = async (path: string, options: Parameters<typeof renderKubeconfig>[0]): Promise<string> => {
  await writeSecret(path, await renderKubeconfig(options));
  return path;
};
