import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createCertificateAuthority,
  createKeyPair,
  describeCertificate,
  issueCertificate,
  readCertificateAuthority,
  readKeyPair,
} from "@nk/certificates";
import type { CertificateAuthority, DistinguishedName, KeyPair } from "@nk/certificates";
import { writeFileAtomic } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { GROUP } from "./users.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** What a client shows: certificate and key. */
export interface Credential {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The server's keys: one authority for everything, and one key for tokens. */
export interface Pki {
  readonly authority: CertificateAuthority;
  /** RSA 2048, as clusters have it. */
  readonly tokenKey: KeyPair;
  /** A client certificate; it lasts a year. */
  issueClient(subject: DistinguishedName): Promise<Credential>;
  /** The server's own certificate for these names and addresses; it lasts a year. */
  issueServer(names: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }): Promise<Credential>;
}

/** The server's identity towards kubelets, as kubeadm makes it. */
export const KUBELET_CLIENT: DistinguishedName = { commonName: "kube-apiserver-kubelet-client", organizations: [GROUP.masters] };

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

const loadAuthority = async (dir: string, clock: Clock): Promise<CertificateAuthority | undefined> => {
  const certificatePem = await readIfThere(join(dir, "ca.crt"));
  const privateKeyPem = await readIfThere(join(dir, "ca.key"));
  if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
  const isFresh = describeCertificate(certificatePem).notAfterMs > clock.nowMs() + YEAR_MS;
  return isFresh ? readCertificateAuthority({ certificatePem, privateKeyPem }) : undefined;
};

const openAuthority = async (dir: string | undefined, clock: Clock): Promise<CertificateAuthority> => {
  const kept = dir === undefined ? undefined : await loadAuthority(dir, clock);
  if (kept !== undefined) return kept;
  const made = await createCertificateAuthority({ commonName: "kubernetes", clock });
  if (dir !== undefined) {
    await writeFileAtomic(join(dir, "ca.key"), made.keyPair.exportPrivateKeyPem(), { mode: 0o600 });
    await writeFileAtomic(join(dir, "ca.crt"), made.certificatePem, { mode: 0o644 });
  }
  return made;
};

const openTokenKey = async (dir: string | undefined): Promise<KeyPair> => {
  const kept = dir === undefined ? undefined : await readIfThere(join(dir, "sa.key"));
  if (kept !== undefined) return readKeyPair(kept);
  const made = await createKeyPair({ algorithm: "rsa-2048" });
  if (dir !== undefined) await writeFileAtomic(join(dir, "sa.key"), made.exportPrivateKeyPem(), { mode: 0o600 });
  return made;
};

/** Opens the keys in `dataDir`/pki, making those that are not there; without a folder they live as long as the process. */
export const openPki = async (options: { readonly dataDir?: string | undefined; readonly clock: Clock }): Promise<Pki> => {
  const { dataDir, clock } = options;
  const dir = dataDir === undefined ? undefined : join(dataDir, "pki");
  if (dir !== undefined) await mkdir(dir, { recursive: true, mode: 0o700 });
  const authority = await openAuthority(dir, clock);
  const tokenKey = await openTokenKey(dir);
  const issue = async (
    subject: DistinguishedName,
    more: {
      readonly usage: "client auth" | "server auth";
      readonly dnsNames?: readonly string[];
      readonly ipAddresses?: readonly string[];
    },
  ): Promise<Credential> => {
    const { usage, ...names } = more;
    const keyPair = await createKeyPair();
    const usages = ["digital signature", usage] as const;
    const certificatePem = issueCertificate({
      authority,
      subject,
      publicKey: keyPair.publicKey,
      usages,
      lifetimeMs: YEAR_MS,
      clock,
      ...names,
    });
    return { certificatePem, privateKeyPem: keyPair.exportPrivateKeyPem() };
  };
  return {
    authority,
    tokenKey,
    issueClient: (subject) => issue(subject, { usage: "client auth" }),
    issueServer: (names) => issue({ commonName: "kube-apiserver" }, { usage: "server auth", ...names }),
  };
};
