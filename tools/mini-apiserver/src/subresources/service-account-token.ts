import { randomUUID } from "node:crypto";
import type { BoundObjectReference, Pod } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { ApiError, badRequest, conflict, forbidden, notFound } from "../api-error.ts";
import type { ApiObject, Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import type { ObjectClaim, TokenClaims, TokenSigner } from "../security/token-signer.ts";
import { nodeNameOf, serviceAccountUsername } from "../security/users.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { respondJson } from "./respond-json.ts";

/** What the handler of token requests takes. */
export interface ServiceAccountTokenOptions {
  readonly store: Store;
  readonly signer: TokenSigner;
  readonly clock: Clock;
  /** Of tokens that ask for none. */
  readonly audiences: readonly string[];
}

interface TokenRequest {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
  readonly spec?: {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: BoundObjectReference;
  };
}

type Bound = Pick<TokenClaims["kubernetes.io"], "pod" | "node" | "secret">;

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

/** A kubelet asks for 3607 seconds for volumes that old clients read once: those tokens live a year and are to be renewed in an hour. */
const WARN_ONLY_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

const TOKEN_REQUEST = { group: "authentication.k8s.io", resource: "TokenRequest" };

const readSeconds = (spec: TokenRequest["spec"]): number => {
  const seconds = spec?.expirationSeconds ?? DEFAULT_SECONDS;
  const fault =
    seconds < MIN_SECONDS
      ? "may not specify a duration less than 10 minutes"
      : seconds > MAX_SECONDS
        ? "may not specify a duration larger than 2^32 seconds"
        : undefined;
  if (fault === undefined) return seconds;
  const message = `Invalid value: ${seconds}: ${fault}`;
  throw new ApiError(`TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: ${message}`, {
    code: 422,
    reason: "Invalid",
    details: {
      group: TOKEN_REQUEST.group,
      kind: TOKEN_REQUEST.resource,
      causes: [{ reason: "FieldValueInvalid", message, field: "spec.expirationSeconds" }],
    },
  });
};

const claimOf = (object: ApiObject): ObjectClaim => ({ name: object.metadata?.name ?? "", uid: object.metadata?.uid ?? "" });

const boundTo = (reference: BoundObjectReference, account: { readonly namespace: string; readonly name: string }, store: Store): Bound => {
  const { kind = "", name = "", uid = "", apiVersion = "" } = reference;
  const kinds = { Pod: KIND.pods, Node: KIND.nodes, Secret: KIND.secrets };
  if (apiVersion !== "v1" || !(kind === "Pod" || kind === "Node" || kind === "Secret")) {
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }
  const object = store.get(kinds[kind], kind === "Node" ? { name } : { namespace: account.namespace, name });
  if (object === undefined) throw notFound(kinds[kind], name);
  const claim = claimOf(object);
  if (uid !== "" && uid !== claim.uid) {
    const text = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", resource: kind }, name, text);
  }
  if (kind === "Secret") return { secret: claim };
  if (kind === "Node") return { node: claim };
  const pod = typed<Pod>(object);
  if ((pod.spec?.serviceAccountName ?? "default") !== account.name) {
    throw badRequest(`cannot bind token for serviceaccount "${account.name}" to pod running with different serviceaccount name.`);
  }
  const nodeName = pod.spec?.nodeName ?? "";
  const node = nodeName === "" ? undefined : store.get(KIND.nodes, { name: nodeName });
  // The node may not be registered; its name is information all the same.
  const nodeClaim = node === undefined ? { name: nodeName, uid: "" } : claimOf(node);
  return { pod: claim, ...(nodeName === "" ? {} : { node: nodeClaim }) };
};

/** A node gets tokens for pods on itself only, for audiences that the pod names (NodeRestriction, admitServiceAccount). */
const checkNode = ({ user, attributes }: SubresourceRequest, spec: TokenRequest["spec"], store: Store): void => {
  const nodeName = nodeNameOf(user);
  if (nodeName === undefined) return;
  const refuse = (text: string): ApiError => forbidden(KIND.serviceAccounts, attributes.name ?? "", { text });
  const reference = spec?.boundObjectRef;
  if (reference?.kind !== "Pod" || reference.apiVersion !== "v1" || (reference.name ?? "") === "") {
    throw refuse("node requested token not bound to a pod");
  }
  if ((reference.uid ?? "") === "") throw refuse("node requested token with a pod binding without a uid");
  const object = store.get(KIND.pods, { namespace: attributes.namespace ?? "", name: reference.name ?? "" });
  if (object === undefined) throw notFound(KIND.pods, reference.name ?? "");
  const pod = typed<Pod>(object);
  if (pod.spec?.nodeName !== nodeName) throw refuse("node requested token bound to a pod scheduled on a different node");
  const [audience = "", ...more] = spec?.audiences ?? [];
  if (more.length > 0) throw refuse("node may only request 0 or 1 audiences");
  const named = (pod.spec.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).map(({ serviceAccountToken: token }) => token?.audience ?? ""),
  );
  if (audience !== "" && !named.includes(audience)) {
    throw refuse(
      `audience "${audience}" not found in pod spec volume, ${user.username} is not authorized to request tokens for this audience`,
    );
  }
};

/** `POST serviceaccounts/NAME/token` (pkg/registry/core/serviceaccount/storage/token.go, 1.36). Audiences of CSI drivers are not looked up. */
export const createServiceAccountToken = (options: ServiceAccountTokenOptions): SubresourceHandler => {
  const { store, signer, clock } = options;
  const issue = (body: ApiObject, request: SubresourceRequest): ApiObject => {
    const { namespace = "", name = "" } = request.attributes;
    const { metadata, spec } = typed<TokenRequest>(body);
    const account = store.get(KIND.serviceAccounts, { namespace, name });
    if (account === undefined) throw notFound(KIND.serviceAccounts, name);
    const uid = account.metadata?.uid ?? "";
    if ((metadata?.uid ?? "") !== "" && metadata?.uid !== uid) {
      const text = `the UID in the token request (${metadata?.uid ?? ""}) does not match the UID of the service account (${uid})`;
      throw conflict(TOKEN_REQUEST, name, text);
    }
    const seconds = readSeconds(spec);
    checkNode(request, spec, store);
    const audiences = spec?.audiences === undefined || spec.audiences.length === 0 ? options.audiences : spec.audiences;
    const bound = spec?.boundObjectRef === undefined ? {} : boundTo(spec.boundObjectRef, { namespace, name }, store);
    const nowMs = clock.nowMs();
    const now = Math.floor(nowMs / 1000);
    const isOurs = audiences.every((audience) => options.audiences.includes(audience));
    const isExtended = bound.pod !== undefined && seconds === WARN_ONLY_SECONDS && isOurs;
    const token = signer.sign({
      sub: serviceAccountUsername({ namespace, name }),
      aud: audiences,
      iat: now,
      nbf: now,
      exp: now + (isExtended ? EXTENDED_SECONDS : seconds),
      jti: randomUUID(),
      "kubernetes.io": {
        namespace,
        serviceaccount: claimOf(account),
        ...bound,
        ...(isExtended ? { warnafter: now + seconds } : {}),
      },
    });
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace, uid, creationTimestamp: formatTimestamp(nowMs) },
      spec: { ...spec, audiences, expirationSeconds: seconds },
      status: { token, expirationTimestamp: formatTimestamp(nowMs + seconds * 1000) },
    };
  };
  return {
    group: "",
    resource: "serviceaccounts",
    subresource: "token",
    discovery: { kind: "TokenRequest", verbs: ["create"], group: "authentication.k8s.io", version: "v1" },
    async handle(request, response) {
      respondJson(response, 201, issue((await request.readBody()) ?? {}, request));
    },
  };
};
