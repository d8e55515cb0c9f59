import type { Credential } from "../security/pki.ts";

/** What a kubeconfig says. */
export interface KubeconfigInput {
  /** `https://host:port`. */
  readonly url: string;
  readonly caPem: string;
  /** Name of the user, e.g. `admin`. */
  readonly user: string;
  readonly credential: Credential;
}

const encode = (text: string): string => Buffer.from(text).toString("base64");

/** A kubeconfig with everything in it, as `kubectl config --flatten` writes it. It holds a private key: keep it at 0600. */
export const formatKubeconfig = ({ url, caPem, user, credential }: KubeconfigInput): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    "- name: mini",
    "  cluster:",
    `    server: ${url}`,
    `    certificate-authority-data: ${encode(caPem)}`,
    "users:",
    `- name: ${JSON.stringify(user)}`,
    "  user:",
    `    client-certificate-data: ${encode(credential.certificatePem)}`,
    `    client-key-data: ${encode(credential.privateKeyPem)}`,
    "contexts:",
    "- name: mini",
    "  context:",
    "    cluster: mini",
    `    user: ${JSON.stringify(user)}`,
    "current-context: mini",
    "",
  ].join("\n");
