import { createHash } from "node:crypto";
import { CONFIG_ANNOTATIONS, formatTimestampNano } from "@nk/pod-model";
import type { Pod, PodSource, Toleration } from "@nk/pod-model";

/** Where a manifest comes from, for the identity of its pods. */
export interface ManifestOrigin {
  readonly source: Exclude<PodSource, "api">;
  /** Absolute path of the file, or the URL as it may be shown: it is part of every problem. */
  readonly location: string;
  /** What stands for the location in the UID, where that may not be shown in full: only a digest of it is kept. Default: the location. */
  readonly identity?: string | undefined;
  readonly nodeName: string;
}

/** JSON with sorted keys, so that neither order, layout, comments nor the choice of YAML or JSON are part of the identity. */
const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
};

/** A digest of what the manifest says about the pod; the status in it does not count. */
export const contentDigest = (pod: Pod): string => {
  const { apiVersion: _apiVersion, kind: _kind, status: _status, ...content } = pod;
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
};

/**
 * The UID of a static pod: its own, if it has one, else 128 bits in hex over content, node and origin. The same content at the same place
 * is the same pod, also after it was away; other content or another place is another pod. Taken before defaults are filled in, so that
 * a kubelet with other defaults restarts nothing. The value differs from the reference's, which hashes a dump of Go structures.
 */
export const computeStaticPodUid = (pod: Pod, origin: ManifestOrigin): string => {
  if (pod.metadata?.uid) return pod.metadata.uid;
  const place = `host:${origin.nodeName}\n${origin.source === "file" ? "file" : "url"}:${origin.identity ?? origin.location}`;
  return createHash("sha256")
    .update(`${contentDigest(pod)}\n${place}`)
    .digest("hex")
    .slice(0, 32);
};

/** Taints must not drive static pods off their node: nothing would bring them back. */
const FILE_TOLERATION: Toleration = { operator: "Exists", effect: "NoExecute" };

/** What the kubelet adds to a pod that no API server has seen (pkg/kubelet/config/common.go, applyDefaults). */
export const applyStaticPodIdentity = (pod: Pod, origin: ManifestOrigin, seenMs: number): Pod => {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = pod;
  const uid = computeStaticPodUid(pod, origin);
  const spec = pod.spec ?? { containers: [] };
  return {
    ...rest,
    metadata: {
      ...pod.metadata,
      name: `${pod.metadata?.name ?? ""}-${origin.nodeName.toLowerCase()}`,
      namespace: pod.metadata?.namespace || "default",
      uid,
      annotations: {
        ...pod.metadata?.annotations,
        [CONFIG_ANNOTATIONS.hash]: uid,
        [CONFIG_ANNOTATIONS.seen]: formatTimestampNano(seenMs),
        [CONFIG_ANNOTATIONS.source]: origin.source,
      },
    },
    spec: {
      ...spec,
      nodeName: origin.nodeName,
      ...(origin.source === "file" ? { tolerations: [...(spec.tolerations ?? []), FILE_TOLERATION] } : {}),
    },
    status: { phase: "Pending" },
  };
};
