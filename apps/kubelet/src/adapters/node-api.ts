import { kinds } from "@nk/kube-client";
import type { KubeClient } from "@nk/kube-client";
import type { LeasePort, NodeApiPort } from "@nk/node-status";

/** The node's object, on the connections of the statuses. */
export const nodeApi = (client: KubeClient): NodeApiPort => ({
  get: (name, { signal }) => client.get(kinds.nodes, { name }, { signal, lane: "status" }),
  create: (node, { signal }) => client.create(kinds.nodes, node, { signal, lane: "status" }),
  patchStatus: (name, patch, { signal }) =>
    client.patch(kinds.nodes, { name, type: "strategic", body: patch }, { subresource: "status", signal, priority: "urgent" }),
});

/** Leases; the client gives them connections of their own. */
export const leaseApi = (client: KubeClient): LeasePort => ({
  get: (ref, { signal }) => client.get(kinds.leases, ref, { signal }),
  create: (lease, { signal }) => client.create(kinds.leases, lease, { signal }),
  replace: (lease, { signal }) => client.replace(kinds.leases, lease, { signal }),
});
