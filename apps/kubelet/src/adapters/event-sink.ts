import type { EventSink } from "@nk/event-recorder";
import { kinds } from "@nk/kube-client";
import type { KubeClient } from "@nk/kube-client";
import type { CoreEvent } from "@nk/pod-model";

const place = ({ metadata }: CoreEvent): { readonly namespace: string; readonly name: string } => ({
  namespace: metadata.namespace ?? "default",
  name: metadata.name ?? "",
});

/** core/v1 events of the API. */
export const eventSink = (client: KubeClient): EventSink => ({
  create: (event, { signal }) => client.create(kinds.events, event, { signal }),
  patch: (event, patch, { signal }) => client.patch(kinds.events, { ...place(event), type: "strategic", body: patch }, { signal }),
});
