import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSelfSigned, describeCertificate } from "@nk/certificates";
import type { KeyPair } from "@nk/kubelet-api";
import { writeFileAtomic } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";

/** Whose certificate it is. */
export interface ServingIdentity {
  readonly certDir: string;
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const readPair = async ({ certDir, clock, logger }: ServingIdentity): Promise<KeyPair | undefined> => {
  try {
    const [cert, key] = await Promise.all([readFile(join(certDir, "kubelet.crt"), "utf8"), readFile(join(certDir, "kubelet.key"), "utf8")]);
    const isCurrent = describeCertificate(cert).notAfterMs > clock.nowMs();
    return isCurrent ? { cert, key } : undefined;
  } catch (error) {
    logger.debug("no certificate of an earlier start", { error });
    return undefined;
  }
};

/** The certificate that an earlier start signed for itself, or a new one, kept as kubelet.crt and kubelet.key. */
export const ensureServingCertificate = async (identity: ServingIdentity): Promise<KeyPair> => {
  const existing = await readPair(identity);
  if (existing !== undefined) return existing;
  const { certificatePem: cert, privateKeyPem: key } = await createSelfSigned({ host: identity.host, clock: identity.clock });
  await mkdir(identity.certDir, { recursive: true, mode: 0o750 });
  await writeFileAtomic(join(identity.certDir, "kubelet.key"), key, { mode: 0o600 });
  await writeFileAtomic(join(identity.certDir, "kubelet.crt"), cert, { mode: 0o644 });
  return { cert, key };
};
