import type { Binding, Pod } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { ApiError, badRequest, conflict } from "../api-error.ts";
import type { ApiObject, Store, SubresourceHandler, SubresourceRequest, VirtualResource } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { withCondition } from "./pod-conditions.ts";
import { respondJson, SUCCESS } from "./respond-json.ts";

/** What binding pods takes. */
export interface BindingOptions {
  readonly store: Store;
  readonly clock: Clock;
}

/** Which pod goes to which node. */
export interface PodBinding {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly annotations?: { readonly [key: string]: string } | undefined;
  readonly labels?: { readonly [key: string]: string } | undefined;
}

const POD_BINDING = { group: "", resource: "pods/binding" };

const findObstacle = (pod: Pod, binding: PodBinding): string | undefined => {
  const { name } = binding;
  if (binding.uid !== undefined && binding.uid !== pod.metadata?.uid) {
    return `Precondition failed: UID in precondition: ${binding.uid}, UID in object meta: ${pod.metadata?.uid ?? ""}`;
  }
  if (pod.metadata?.deletionTimestamp !== undefined) return `pod ${name} is being deleted, cannot be assigned to a host`;
  if ((pod.spec?.nodeName ?? "") !== "") return `pod ${name} is already assigned to node "${pod.spec?.nodeName ?? ""}"`;
  return (pod.spec?.schedulingGates ?? []).length > 0 ? `pod ${name} has non-empty .spec.schedulingGates` : undefined;
};

/** Gives the pod its node, once (setPodNodeAndMetadata in pkg/registry/core/pod/storage). @throws ApiError 404, 409 */
export const bindPod = (binding: PodBinding, { store, clock }: BindingOptions): void => {
  const { namespace, name, nodeName, annotations = {}, labels = {} } = binding;
  store.update(KIND.pods, { namespace, name }, (object) => {
    const pod = typed<Pod>(object);
    const obstacle = findObstacle(pod, binding);
    if (obstacle !== undefined) throw conflict(POD_BINDING, name, obstacle);
    const { nominatedNodeName: _cleared, ...status } = pod.status ?? {};
    const merged = {
      ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...pod.metadata?.annotations, ...annotations } }),
      ...(Object.keys(labels).length === 0 ? {} : { labels: { ...pod.metadata?.labels, ...labels } }),
    };
    return {
      ...object,
      metadata: {
        ...object.metadata,
        ...merged,
        ...(binding.resourceVersion === undefined ? {} : { resourceVersion: binding.resourceVersion }),
      },
      spec: { ...pod.spec, nodeName },
      status: withCondition(status, { type: "PodScheduled", status: "True" }, clock.nowMs()),
    };
  });
};

const readBinding = (body: ApiObject | undefined, { attributes }: SubresourceRequest): PodBinding => {
  const { metadata, target } = typed<Binding>(body ?? {});
  const name = attributes.name ?? metadata?.name ?? "";
  if (attributes.name !== undefined && metadata?.name !== undefined && metadata.name !== attributes.name) {
    throw badRequest("name in URL does not match name in Binding object");
  }
  if (target?.kind !== undefined && target.kind !== "" && target.kind !== "Node") {
    throw badRequest(`target.kind: Unsupported value: "${target.kind}": supported values: "Node", "<empty>"`);
  }
  if ((target?.name ?? "") === "") throw new ApiError("target.name: Required value", { code: 422, reason: "Invalid" });
  return {
    namespace: attributes.namespace ?? "",
    name,
    nodeName: target?.name ?? "",
    uid: metadata?.uid,
    resourceVersion: metadata?.resourceVersion,
    annotations: metadata?.annotations,
    labels: metadata?.labels,
  };
};

/** `POST pods/NAME/binding`: what a scheduler does. */
export const createPodBinding = (options: BindingOptions): SubresourceHandler => ({
  group: "",
  resource: "pods",
  subresource: "binding",
  discovery: { kind: "Binding", verbs: ["create"] },
  async handle(request, response) {
    bindPod(readBinding(await request.readBody(), request), options);
    respondJson(response, 201, SUCCESS);
  },
});

/** `POST bindings`: the same in its older form. */
export const createBindings = (options: BindingOptions): VirtualResource => ({
  group: "",
  version: "v1",
  resource: "bindings",
  kind: "Binding",
  namespaced: true,
  create(request, body) {
    bindPod(readBinding(body, request), options);
    return Promise.resolve(SUCCESS);
  },
});
