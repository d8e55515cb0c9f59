import type { Eviction, LabelSelector, Pod } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { ApiError, badRequest, forbidden, notFound } from "../api-error.ts";
import type { ApiObject, Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import type { DeleteOptions } from "../kinds/kind-definition.ts";
import type { LocalClient } from "../rest/local-client.ts";
import { nodeNameOf } from "../security/users.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { isPodReady, withCondition } from "./pod-conditions.ts";
import { respondJson, SUCCESS } from "./respond-json.ts";
import { isSelected } from "./selector.ts";

/** What the handler of evictions takes. */
export interface EvictionOptions {
  readonly store: Store;
  readonly client: LocalClient;
  readonly clock: Clock;
}

interface Budget {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly unhealthyPodEvictionPolicy?: string;
  };
}

const RETRY_SECONDS = 10;

/** A share of the pods, rounded up, or a plain number. */
const countOf = (value: number | string, total: number): number =>
  typeof value === "string" && value.endsWith("%") ? Math.ceil((Number.parseInt(value, 10) * total) / 100) : Number(value);

/**
 * How many ready pods of the budget may go. It is counted here and now over the pods there are: there is no disruption controller, and what
 * the pods' owners would like to have is not known.
 */
const disruptionsAllowed = (budget: Budget, pods: readonly Pod[]): number => {
  const ready = pods.filter((pod) => isPodReady(pod) && pod.metadata?.deletionTimestamp === undefined).length;
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) return ready - (pods.length - countOf(maxUnavailable, pods.length));
  return ready - countOf(minAvailable ?? 1, pods.length);
};

const checkBudget = (pod: Pod, store: Store): void => {
  const namespace = pod.metadata?.namespace ?? "";
  const budgets = store
    .list(KIND.podDisruptionBudgets, { namespace })
    .items.map((item) => typed<Budget>(item))
    .filter(({ spec }) => isSelected(spec?.selector, pod.metadata?.labels));
  const [budget] = budgets;
  if (budget === undefined) return;
  if (budgets.length > 1) {
    throw new ApiError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", {
      code: 500,
      reason: "",
    });
  }
  const pods = store
    .list(KIND.pods, { namespace })
    .items.map((item) => typed<Pod>(item))
    .filter((other) => isSelected(budget.spec?.selector, other.metadata?.labels));
  const allowed = disruptionsAllowed(budget, pods);
  if (!isPodReady(pod) && (allowed >= 0 || budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow")) return;
  if (allowed > 0) return;
  const name = budget.metadata?.name ?? "";
  throw new ApiError("Cannot evict pod as it would violate the pod's disruption budget.", {
    code: 429,
    reason: "TooManyRequests",
    details: {
      causes: [
        { reason: "DisruptionBudget", message: `The disruption budget ${name} needs more healthy pods and has no disruptions left` },
      ],
      retryAfterSeconds: RETRY_SECONDS,
    },
  });
};

/** Pods that are not running, or going anyway, are not what a budget protects. */
const isUnprotected = ({ status, metadata }: Pod): boolean =>
  metadata?.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "");

const checkNode = ({ user, attributes }: SubresourceRequest, pod: Pod): void => {
  const nodeName = nodeNameOf(user);
  if (nodeName === undefined || pod.spec?.nodeName === nodeName) return;
  const text = `node ${nodeName} can only evict pods with spec.nodeName set to itself`;
  throw forbidden(KIND.pods, attributes.name ?? "", { text });
};

const readOptions = (body: ApiObject | undefined, { attributes, query }: SubresourceRequest): DeleteOptions => {
  const { metadata, deleteOptions } = typed<Eviction>(body ?? {});
  if (metadata?.name !== attributes.name) throw badRequest("name in URL does not match name in Eviction object");
  const dryRun = query.get("dryRun") === "All" || deleteOptions?.dryRun?.includes("All") === true;
  return { gracePeriodSeconds: deleteOptions?.gracePeriodSeconds, preconditions: deleteOptions?.preconditions, dryRun };
};

/** `POST pods/NAME/eviction`: a deletion that asks the disruption budgets first. */
export const createEviction = ({ store, client, clock }: EvictionOptions): SubresourceHandler => ({
  group: "",
  resource: "pods",
  subresource: "eviction",
  discovery: { kind: "Eviction", verbs: ["create"], group: "policy", version: "v1" },
  async handle(request, response) {
    const options = readOptions(await request.readBody(), request);
    const { namespace = "", name = "" } = request.attributes;
    const where = { namespace, name };
    const object = store.get(KIND.pods, where);
    if (object === undefined) throw notFound(KIND.pods, name);
    const pod = typed<Pod>(object);
    checkNode(request, pod);
    if (!isUnprotected(pod)) checkBudget(pod, store);
    if (options.dryRun !== true && options.preconditions === undefined) {
      const condition = { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" };
      store.update(KIND.pods, where, (current) => ({
        ...current,
        status: withCondition(typed<Pod>(current).status, condition, clock.nowMs()),
      }));
    }
    client.delete(KIND.pods, where, options);
    respondJson(response, 201, SUCCESS);
  },
});
