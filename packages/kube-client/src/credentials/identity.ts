import { createHash, createPrivateKey, X509Certificate } from "node:crypto";

/** A client certificate and its key, PEM. */
export interface ClientCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Differs for different certificates or keys. */
  readonly id: string;
}

/** Who we are at one moment. Compared by identity of the object: an equal one is the same object. */
export interface Identity {
  /** The value of the Authorization header. */
  readonly authorization: string | undefined;
  readonly certificate: ClientCertificate | undefined;
}

/** Where identities come from. */
export interface Credentials {
  /** The identity to use now. Waits only when a file has to be read or a plugin has to run. @throws KubeClientError "credentials" */
  current(options?: { readonly signal?: AbortSignal | undefined }): Promise<Identity>;
  /**
   * After the server refused this identity (401): looks for a newer one at once. Resolves with the same one when there is none.
   * @throws KubeClientError "credentials"
   */
  renew(refused: Identity, options?: { readonly signal?: AbortSignal | undefined }): Promise<Identity>;
  /** The next `current` looks at the files again, without waiting for the next check. */
  invalidate(): void;
}

/** A certificate with its key; undefined when the two do not belong together or are not PEM. */
export const clientCertificateOf = (certificatePem: string, keyPem: string): ClientCertificate | undefined => {
  try {
    if (!new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))) return undefined;
  } catch {
    return undefined;
  }
  return { certificatePem, keyPem, id: createHash("sha256").update(certificatePem).update("\0").update(keyPem).digest("hex") };
};
