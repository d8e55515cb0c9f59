import type { ApiObject } from "../contracts.ts";
import { invalid } from "./field-error.ts";
import type { SubresourceDefinition } from "./kind-definition.ts";
import { mapAt, numberAt } from "./read-path.ts";

const formatMatchLabels = (selector: unknown): string =>
  Object.entries(mapAt(selector, "matchLabels"))
    .map(([key, value]) => `${key}=${String(value)}`)
    .toSorted()
    .join(",");

/** `scale` of what has replicas. */
export const SCALE: SubresourceDefinition = {
  name: "scale",
  verbs: ["get", "patch", "update"],
  view: {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    type: "autoscaling.Scale",
    read: (object) => ({
      metadata: {
        name: object.metadata?.name ?? "",
        namespace: object.metadata?.namespace ?? "",
        uid: object.metadata?.uid ?? "",
        resourceVersion: object.metadata?.resourceVersion ?? "",
        creationTimestamp: object.metadata?.creationTimestamp ?? "",
      },
      spec: { replicas: numberAt(object, "spec.replicas") },
      status: {
        replicas: numberAt(object, "status.replicas"),
        selector: formatMatchLabels(object["spec"] === undefined ? {} : mapAt(object, "spec.selector")),
      },
    }),
    write: (view, current): ApiObject => ({
      ...current,
      metadata: {
        ...current.metadata,
        ...(view.metadata?.resourceVersion === undefined ? {} : { resourceVersion: view.metadata.resourceVersion }),
      },
      spec: { ...mapAt(current, "spec"), replicas: numberAt(view, "spec.replicas") },
    }),
  },
  prepareUpdate: (next) => next,
  validateUpdate: (next) => {
    const replicas = numberAt(next, "spec.replicas");
    return replicas < 0 ? [invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : [];
  },
};
