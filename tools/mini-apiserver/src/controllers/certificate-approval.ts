import type { ParsedCsr } from "@nk/certificates";
import type { CertificateSigningRequest } from "@nk/pod-model";
import type { Authorizer, UserInfo } from "../contracts.ts";
import { nodeNameOf } from "../security/users.ts";
import { findSigningFault, SIGNERS } from "./certificate-requests.ts";

const requesterOf = ({ spec }: CertificateSigningRequest): UserInfo => ({
  username: spec?.username ?? "",
  groups: spec?.groups ?? [],
  ...(spec?.uid === undefined ? {} : { uid: spec.uid }),
});

const mayRequest = async (authorizer: Authorizer, request: CertificateSigningRequest, subresource: string): Promise<boolean> => {
  const resource = { group: "certificates.k8s.io", version: "*", resource: "certificatesigningrequests", subresource };
  return (await authorizer.authorize(requesterOf(request), { verb: "create", path: "", ...resource })).allowed;
};

/**
 * Why the request is approved without anybody being asked; undefined when it is not. A node's client certificate is approved when the requester
 * may `create certificatesigningrequests/nodeclient`, or `/selfnodeclient` for his own name (pkg/controller/certificates/approver). Serving
 * certificates, which a cluster leaves to its administrator, are approved when the node asks for itself: this is one machine.
 */
export const findApproval = async (
  request: CertificateSigningRequest,
  csr: ParsedCsr,
  authorizer: Authorizer,
): Promise<string | undefined> => {
  const { signerName, username } = request.spec ?? {};
  const isSelf = username === csr.subject.commonName;
  if (findSigningFault(csr, request.spec) !== undefined) return undefined;
  if (signerName === SIGNERS.kubeletServing) {
    const isNode = isSelf && (nodeNameOf(requesterOf(request)) ?? "") !== "";
    return isNode ? "Auto approving kubelet serving certificate of the node itself." : undefined;
  }
  if (signerName !== SIGNERS.kubeletClient) return undefined;
  if (isSelf && (await mayRequest(authorizer, request, "selfnodeclient")))
    return "Auto approving self kubelet client certificate after SubjectAccessReview.";
  return (await mayRequest(authorizer, request, "nodeclient"))
    ? "Auto approving kubelet client certificate after SubjectAccessReview."
    : undefined;
};
