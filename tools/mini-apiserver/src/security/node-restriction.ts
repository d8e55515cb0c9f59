import { isDeepStrictEqual } from "node:util";
import { isCertificatesError, parseCsr } from "@nk/certificates";
import type { CertificateSigningRequest, Node, Pod } from "@nk/pod-model";
import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import { forbidden, notFound } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";
import type { AdmissionRequest, Admitter, ApiObject, Store } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { listPodReferences } from "./pod-references.ts";
import { nodeNameOf } from "./users.ts";

/** Labels of kubernetes.io that a node may set on itself (staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go). */
const NODE_LABELS: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);

interface Checked {
  readonly request: AdmissionRequest;
  readonly nodeName: string;
  readonly store: Store;
}

const isWithin = (namespace: string, domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);

/** Whether only administrators may set the label: those of node-restriction.kubernetes.io, and of kubernetes.io and k8s.io but a few. */
export const isForbiddenNodeLabel = (label: string): boolean => {
  const namespace = label.includes("/") ? label.slice(0, label.indexOf("/")) : "";
  if (isWithin(namespace, "node-restriction.kubernetes.io")) return true;
  if (!isWithin(namespace, "kubernetes.io") && !isWithin(namespace, "k8s.io")) return false;
  const isAllowed = NODE_LABELS.has(label) || isWithin(namespace, "kubelet.kubernetes.io") || isWithin(namespace, "node.kubernetes.io");
  return !isAllowed;
};

const refuse = ({ request }: Checked, text: string): ApiError => {
  const { group = "", resource = "", name } = request.attributes;
  return forbidden({ group, resource }, name ?? request.object?.metadata?.name ?? "", { text });
};

const changedLabels = (after: ApiObject | undefined, before: ApiObject | undefined): readonly string[] => {
  const [newLabels, oldLabels] = [after?.metadata?.labels ?? {}, before?.metadata?.labels ?? {}];
  return [...new Set([...Object.keys(newLabels), ...Object.keys(oldLabels)])].filter((key) => newLabels[key] !== oldLabels[key]);
};

const checkNode = (checked: Checked): void => {
  const { request, nodeName } = checked;
  const { object, oldObject, operation, attributes } = request;
  const name = attributes.name ?? object?.metadata?.name ?? "";
  if (name !== nodeName) throw refuse(checked, `node "${nodeName}" is not allowed to modify node "${name}"`);
  const labels = changedLabels(object, oldObject).filter(isForbiddenNodeLabel).toSorted().join(", ");
  if (operation === "CREATE" && labels !== "") {
    throw refuse(checked, `node "${nodeName}" is not allowed to set the following labels: ${labels}`);
  }
  if (operation !== "UPDATE" || object === undefined || oldObject === undefined) return;
  if (!isDeepStrictEqual(typed<Node>(object).spec?.taints ?? [], typed<Node>(oldObject).spec?.taints ?? [])) {
    throw refuse(checked, `node "${nodeName}" is not allowed to modify taints`);
  }
  if (!isDeepStrictEqual(object.metadata?.["ownerReferences"] ?? [], oldObject.metadata?.["ownerReferences"] ?? [])) {
    throw refuse(checked, `node "${nodeName}" is not allowed to modify ownerReferences`);
  }
  if (labels !== "") throw refuse(checked, `is not allowed to modify labels: ${labels}`);
};

const namesSecrets = (pod: Pod): string | undefined => {
  const references = listPodReferences(pod);
  if ((pod.spec?.serviceAccountName ?? "") !== "") return "serviceaccounts";
  if (references.secrets.size > 0) return "secrets";
  if (references.configMaps.size > 0) return "configmaps";
  if (references.claims.size > 0) return "persistentvolumeclaims";
  return references.resourceClaims.size > 0 ? "resourceclaims" : undefined;
};

/** A node creates the mirrors of its static pods only: they are its own and name nothing that it could read that way. */
const checkMirrorPod = (checked: Checked): void => {
  const { request, nodeName, store } = checked;
  const pod = typed<Pod>(request.object ?? {});
  const annotation = CONFIG_ANNOTATIONS.mirror;
  if (pod.metadata?.annotations?.[annotation] === undefined) {
    throw refuse(checked, `pod does not have "${annotation}" annotation, node "${nodeName}" can only create mirror pods`);
  }
  if (pod.spec?.nodeName !== nodeName) throw refuse(checked, `node "${nodeName}" can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owner === undefined) throw refuse(checked, `node "${nodeName}" can only create pods with an owner reference set to itself`);
  if (owners.length > 1) throw refuse(checked, `node "${nodeName}" can only create pods with a single owner reference set to itself`);
  if (owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== nodeName) {
    throw refuse(checked, `node "${nodeName}" can only create pods with an owner reference set to itself`);
  }
  if (owner.controller !== true) {
    throw refuse(checked, `node "${nodeName}" can only create pods with a controller owner reference set to itself`);
  }
  if (owner.blockOwnerDeletion === true) {
    throw refuse(checked, `node "${nodeName}" must not set blockOwnerDeletion on an owner reference`);
  }
  const node = store.get(KIND.nodes, { name: nodeName });
  if (node === undefined) throw notFound(KIND.nodes, nodeName);
  if (node.metadata?.uid !== owner.uid) {
    throw refuse(checked, `node ${nodeName} UID mismatch: expected ${owner.uid} got ${node.metadata?.uid ?? ""}`);
  }
  const named = namesSecrets(pod);
  if (named !== undefined) throw refuse(checked, `node "${nodeName}" can not create pods that reference ${named}`);
};

const checkPod = (checked: Checked): void => {
  const { request, nodeName } = checked;
  const { operation, oldObject, object, attributes } = request;
  const before = typed<Pod>(oldObject ?? {});
  if (attributes.subresource === "status") {
    if (before.spec?.nodeName !== nodeName) {
      throw refuse(checked, `node "${nodeName}" can only update pod status for pods with spec.nodeName set to itself`);
    }
    if (changedLabels(object, oldObject).length > 0) throw refuse(checked, `node "${nodeName}" cannot update labels through pod status`);
    return;
  }
  if (operation === "CREATE") checkMirrorPod(checked);
  else if (operation === "UPDATE") {
    throw refuse(checked, `unexpected operation "UPDATE", node "${nodeName}" can only create and delete mirror pods`);
  } else if (before.spec?.nodeName !== nodeName) {
    throw refuse(checked, `node "${nodeName}" can only delete pods with spec.nodeName set to itself`);
  }
};

const checkOwnName =
  (what: string) =>
  (checked: Checked): void => {
    const { attributes, object } = checked.request;
    if ((attributes.name ?? object?.metadata?.name) === checked.nodeName) return;
    throw refuse(checked, `can only access ${what} with the same name as the requesting node`);
  };

/** Requests for a node's certificates are for the node itself; usages and names are the signer's business. */
const checkCsr = (checked: Checked): void => {
  const { spec } = typed<CertificateSigningRequest>(checked.request.object ?? {});
  const signer = spec?.signerName ?? "";
  if (checked.request.operation !== "CREATE") return;
  if (signer !== "kubernetes.io/kubelet-serving" && signer !== "kubernetes.io/kube-apiserver-client-kubelet") return;
  const wanted = `system:node:${checked.nodeName}`;
  try {
    const csr = parseCsr(Buffer.from(spec?.request ?? "", "base64").toString("latin1"));
    if (csr.subject.commonName === wanted) return;
  } catch (error) {
    if (!isCertificatesError(error)) throw error;
    throw refuse(checked, `unable to parse csr: ${error.message}`);
  }
  throw refuse(checked, `can only create a node CSR with CN=${wanted}`);
};

const CHECKS: { readonly [resource: string]: (checked: Checked) => void } = {
  nodes: checkNode,
  pods: checkPod,
  leases: checkOwnName("node lease"),
  csinodes: checkOwnName("CSINode"),
  certificatesigningrequests: checkCsr,
};

/**
 * Keeps a kubelet to its own objects where the authorizer cannot see what is written (plugin/pkg/admission/noderestriction, 1.36). The token
 * and eviction subresources check theirs themselves. Not here: claims' status, resource slices, pod certificates.
 */
export const createNodeRestriction = (store: Store): Admitter => ({
  admit(request) {
    const nodeName = nodeNameOf(request.user);
    if (nodeName !== undefined) CHECKS[request.attributes.resource ?? ""]?.({ request, nodeName, store });
    return request.object;
  },
});
