import type { Authorizer, RequestAttributes, Store } from "../contracts.ts";
import { demandedValue } from "./field-selector.ts";
import { createNodeRelations } from "./node-relations.ts";
import type { NodeRelations } from "./node-relations.ts";
import { NODE_RULES } from "./node-rules.ts";
import { isAllowedByRule } from "./rbac-rules.ts";
import { nodeNameOf } from "./users.ts";

/** One question: may this node do this? */
interface Question {
  readonly nodeName: string;
  readonly attributes: RequestAttributes;
  readonly relations: NodeRelations;
  /** Of the object: from the path, or from a selector `metadata.name=`. */
  readonly name: string;
  readonly namespace: string;
}

/** The reason of a denial; undefined: allowed. */
type Answer = string | undefined;

const READ = ["get", "list", "watch"];
const OWN_OBJECT = ["get", "create", "update", "patch", "delete"];

const related = (question: Question, isRelated: boolean): Answer => {
  if (question.name === "") return "No Object name found";
  return isRelated ? undefined : `no relationship found between node '${question.nodeName}' and this object`;
};

const readNamespaced = (question: Question, has: NodeRelations["hasSecret"]): Answer => {
  const { attributes, nodeName, namespace, name } = question;
  if (!READ.includes(attributes.verb)) return "can only read resources of this type";
  if (attributes.subresource !== undefined) return "cannot read subresource";
  if (namespace === "") return "can only read namespaced object of this type";
  return related(question, has(nodeName, { namespace, name }));
};

const getOnly = (question: Question, isRelated: () => boolean): Answer => {
  if (question.attributes.verb !== "get") return "can only get individual resources of this type";
  if (question.attributes.subresource !== undefined) return "cannot get subresource";
  return related(question, isRelated());
};

const serviceAccounts = (question: Question): Answer => {
  const { attributes, relations, nodeName, namespace, name } = question;
  const { verb, subresource } = attributes;
  if (verb === "get" && subresource === undefined) return readNamespaced(question, relations.hasServiceAccount);
  if (verb !== "create" || name === "") return "can only create tokens for individual service accounts";
  if (subresource !== "token") return "can only create token subresource of serviceaccount";
  return related(question, relations.hasServiceAccount(nodeName, { namespace, name }));
};

const leases = ({ attributes, nodeName, name, namespace }: Question): Answer => {
  if (!OWN_OBJECT.includes(attributes.verb)) return "can only get, create, update, patch, or delete a node lease";
  if (namespace !== "kube-node-lease") return 'can only access leases in the "kube-node-lease" system namespace';
  // The name of what is created is not known here; NodeRestriction sees it.
  const isOwn = attributes.verb === "create" || name === nodeName;
  return isOwn ? undefined : "can only access node lease with the same name as the requesting node";
};

const csiNodes = ({ attributes, nodeName, name }: Question): Answer => {
  if (!OWN_OBJECT.includes(attributes.verb)) return "can only get, create, update, patch, or delete a CSINode";
  if (attributes.subresource !== undefined) return "cannot authorize CSINode subresources";
  const isOwn = attributes.verb === "create" || name === nodeName;
  return isOwn ? undefined : "can only access CSINode with the same name as the requesting node";
};

const resourceSlices = (question: Question): Answer => {
  const { attributes, relations, nodeName, name } = question;
  if (attributes.subresource !== undefined) return "cannot authorize ResourceSlice subresources";
  switch (attributes.verb) {
    case "create":
      return undefined;
    case "get":
    case "update":
    case "patch":
    case "delete":
      return related(question, relations.hasResourceSlice(nodeName, name));
    default:
      return demandedValue(attributes.fieldSelector, "spec.nodeName") === nodeName
        ? undefined
        : "can only list/watch/deletecollection resourceslices with nodeName field selector";
  }
};

const nodes = ({ attributes, nodeName, name }: Question): Answer => {
  const { verb, subresource } = attributes;
  if (subresource === "status") return verb === "update" || verb === "patch" ? undefined : "";
  if (subresource !== undefined) return "";
  if (verb === "create" || verb === "update" || verb === "patch") return undefined;
  if (!READ.includes(verb)) return "";
  if (name === nodeName) return undefined;
  return name === ""
    ? `node '${nodeName}' cannot read all nodes, only its own Node object`
    : `node '${nodeName}' cannot read '${name}', only its own Node object`;
};

const pods = (question: Question): Answer => {
  const { attributes, relations, nodeName, namespace, name } = question;
  const { verb, subresource } = attributes;
  if (subresource === "status") return verb === "update" || verb === "patch" ? undefined : "";
  if (subresource === "eviction") return verb === "create" ? undefined : "";
  if (subresource !== undefined) return "";
  switch (verb) {
    case "get":
      return related(question, relations.hasPod(nodeName, { namespace, name }));
    case "list":
    case "watch":
      if (demandedValue(attributes.fieldSelector, "spec.nodeName") === nodeName) return undefined;
      if (name !== "") return related(question, relations.hasPod(nodeName, { namespace, name }));
      return "can only list/watch pods with spec.nodeName field selector";
    case "create":
    case "delete":
      // Mirror pods; NodeRestriction sees to it that they are.
      return undefined;
    default:
      return "";
  }
};

const claims = (question: Question): Answer => {
  const { attributes, relations, nodeName, namespace, name } = question;
  if (attributes.subresource !== "status") return getOnly(question, () => relations.hasClaim(nodeName, { namespace, name }));
  if (attributes.verb !== "update" && attributes.verb !== "patch") return "can only get/update/patch this type";
  return related(question, relations.hasClaim(nodeName, { namespace, name }));
};

const NARROWED: { readonly [resource: string]: (question: Question) => Answer } = {
  secrets: (question) => readNamespaced(question, question.relations.hasSecret),
  configmaps: (question) => readNamespaced(question, question.relations.hasConfigMap),
  persistentvolumeclaims: claims,
  persistentvolumes: (question) => getOnly(question, () => question.relations.hasVolume(question.nodeName, question.name)),
  serviceaccounts: serviceAccounts,
  nodes,
  pods,
  "resourceclaims.resource.k8s.io": (question) =>
    getOnly(question, () => question.relations.hasResourceClaim(question.nodeName, { namespace: question.namespace, name: question.name })),
  "resourceslices.resource.k8s.io": resourceSlices,
  "volumeattachments.storage.k8s.io": (question) =>
    getOnly(question, () => question.relations.hasVolumeAttachment(question.nodeName, question.name)),
  "leases.coordination.k8s.io": leases,
  "csinodes.storage.k8s.io": csiNodes,
  "podcertificaterequests.certificates.k8s.io": () => "",
};

const answer = (question: Question): Answer => {
  const { attributes } = question;
  const { group = "", resource } = attributes;
  const narrowed = resource === undefined ? undefined : NARROWED[group === "" ? resource : `${resource}.${group}`];
  if (narrowed !== undefined) return narrowed(question);
  return NODE_RULES.some((rule) => isAllowedByRule(rule, attributes)) ? undefined : "";
};

/**
 * What a kubelet may do: read and write what belongs to its own node and to the pods on it, nothing else (NodeAuthorizer in
 * plugin/pkg/auth/authorizer/node, 1.36, with AuthorizeNodeWithSelectors). Users that are no nodes get no opinion.
 */
export const createNodeAuthorizer = (store: Store): Authorizer => {
  const relations = createNodeRelations(store);
  return {
    authorize(user, attributes) {
      const nodeName = nodeNameOf(user);
      if (nodeName === undefined) return Promise.resolve({ allowed: false, reason: "" });
      if (nodeName === "") return Promise.resolve({ allowed: false, reason: `unknown node for user "${user.username}"` });
      const name = attributes.name ?? demandedValue(attributes.fieldSelector, "metadata.name") ?? "";
      const reason = answer({ nodeName, attributes, relations, name, namespace: attributes.namespace ?? "" });
      return Promise.resolve({ allowed: reason === undefined, reason: reason ?? "" });
    },
  };
};
