import type { ParsedCsr } from "@nk/certificates";
import type { CertificateSigningRequest } from "@nk/pod-model";
import { GROUP } from "../security/users.ts";

/** The signers of this server (pkg/apis/certificates, v1). */
export const SIGNERS = {
  client: "kubernetes.io/kube-apiserver-client",
  kubeletClient: "kubernetes.io/kube-apiserver-client-kubelet",
  kubeletServing: "kubernetes.io/kubelet-serving",
} as const;

const NODE_PREFIX = "system:node:";

const isSameSet = (usages: readonly string[], wanted: readonly string[]): boolean =>
  new Set(usages).size === wanted.length && wanted.every((usage) => usages.includes(usage));

/** With an RSA key a kubelet asks for key encipherment too. */
const hasUsages = (usages: readonly string[], purpose: string): boolean =>
  isSameSet(usages, ["digital signature", purpose]) || isSameSet(usages, ["digital signature", "key encipherment", purpose]);

const findNodeFault = ({ subject }: ParsedCsr): string | undefined => {
  const { organizations = [], commonName = "" } = subject;
  if (organizations.length !== 1 || organizations[0] !== GROUP.nodes) return "subject organization is not system:nodes";
  return commonName.startsWith(NODE_PREFIX) ? undefined : "subject common name does not begin with system:node:";
};

const findClientFault = (usages: readonly string[]): string | undefined => {
  const odd = usages.find((usage) => !["digital signature", "key encipherment", "client auth"].includes(usage));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
};

/** Why the signer will not sign it; undefined when it will, or it is not one of this server's signers (pkg/apis/certificates/helpers.go). */
export const findSigningFault = (csr: ParsedCsr, spec: CertificateSigningRequest["spec"]): string | undefined => {
  const usages = spec?.usages ?? [];
  const { dnsNames = [], ipAddresses = [], emailAddresses = [], uris = [] } = csr;
  switch (spec?.signerName) {
    case SIGNERS.client:
      return findClientFault(usages);
    case SIGNERS.kubeletClient: {
      if (dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
      if (emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
      if (ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
      if (uris.length > 0) return "URI subjectAltNames are not allowed";
      return (
        findNodeFault(csr) ??
        (hasUsages(usages, "client auth") ? undefined : "usages did not match [client auth digital signature key encipherment]")
      );
    }
    case SIGNERS.kubeletServing: {
      if (dnsNames.length + ipAddresses.length === 0) return "DNS or IP subjectAltName is required";
      if (emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
      if (uris.length > 0) return "URI subjectAltNames are not allowed";
      return (
        findNodeFault(csr) ??
        (hasUsages(usages, "server auth") ? undefined : "usages did not match [digital signature key encipherment server auth]")
      );
    }
    default:
      return undefined;
  }
};
