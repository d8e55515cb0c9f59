import type { Node, Pod } from "@nk/pod-model";
import { listContainers } from "@nk/pod-model";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import type { RequestAttributes, Store } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";

/** Where a node's kubelet listens. */
export interface KubeletLocation {
  readonly host: string;
  readonly port: number;
  /** What it declares to be able to do (`status.declaredFeatures`). */
  readonly features: readonly string[];
}

/** As kubeadm tells the API server with --kubelet-preferred-address-types. */
const ADDRESS_TYPES = ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"];
const KUBELET_PORT = 10_250;

/** Finds the kubelet by what its Node says. @throws ApiError 404, 500 */
export const locateKubelet = (store: Store, nodeName: string): KubeletLocation => {
  const object = store.get(KIND.nodes, { name: nodeName });
  if (object === undefined) throw notFound(KIND.nodes, nodeName);
  const { status } = typed<Node>(object);
  const addresses = status?.addresses ?? [];
  const host = ADDRESS_TYPES.flatMap((type) => addresses.filter((address) => address.type === type))[0]?.address;
  if (host === undefined) {
    throw new ApiError(`no preferred addresses found; known addresses: [${addresses.map(({ address }) => address).join(" ")}]`, {
      code: 500,
      reason: "",
    });
  }
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return { host, port: port > 0 ? port : KUBELET_PORT, features: status?.declaredFeatures ?? [] };
};

/** The pod that a request's path names. @throws ApiError 404 */
export const podOfRequest = (store: Store, { namespace = "", name = "" }: RequestAttributes): Pod => {
  const object = store.get(KIND.pods, { namespace, name });
  if (object === undefined) throw notFound(KIND.pods, name);
  return typed<Pod>(object);
};

/** The container that is asked for, or the only one there is (validateContainer in pkg/registry/core/pod/strategy.go). @throws ApiError 400 */
export const chooseContainer = (pod: Pod, asked: string | null): string => {
  const podName = pod.metadata?.name ?? "";
  const names = [...listContainers(pod), ...(pod.spec?.ephemeralContainers ?? [])].map(({ name }) => name);
  if (asked !== null && asked !== "") {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  const [only] = pod.spec?.containers ?? [];
  if (only !== undefined && pod.spec?.containers.length === 1) return only.name;
  const choice = names.length === 0 ? "" : `, choose one of: [${names.join(" ")}]`;
  throw badRequest(`a container name must be specified for pod ${podName}${choice}`);
};

/** A switch in a query: there without a value means on, as in apimachinery's conversion. */
export const isOn = (query: URLSearchParams, name: string): boolean => {
  const value = query.get(name)?.toLowerCase();
  return value !== undefined && value !== "0" && value !== "false";
};
