import type { MetricRegister } from "@nk/stdx";

const MIB = 1024n * 1024n;
const GIB = 1024n * MIB;

/** Upper bounds of the label image_size_in_bytes (reference: pkg/kubelet/metrics). */
const SIZE_LABELS: readonly (readonly [bigint, string])[] = [
  [10n * MIB, "0-10MB"],
  [100n * MIB, "10MB-100MB"],
  [500n * MIB, "100MB-500MB"],
  [GIB, "500MB-1GB"],
  [5n * GIB, "1GB-5GB"],
  [10n * GIB, "5GB-10GB"],
  [20n * GIB, "10GB-20GB"],
  [30n * GIB, "20GB-30GB"],
  [40n * GIB, "30GB-40GB"],
  [60n * GIB, "40GB-60GB"],
  [100n * GIB, "60GB-100GB"],
];

const imageSizeLabel = (sizeBytes: bigint): string =>
  sizeBytes === 0n ? "N/A" : (SIZE_LABELS.find(([bound]) => sizeBytes <= bound)?.[1] ?? "GT100GB");

export interface EnsureRequestLabels {
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  /** `unknown` when the policy never looks. */
  readonly presentLocally: "true" | "false" | "unknown";
  /** `unknown` when the policy forbids to pull what is missing. */
  readonly pullRequired: "true" | "false" | "unknown";
}

export interface ImagesMetrics {
  observePull(sizeBytes: bigint, durationMs: number): void;
  countEnsure(labels: EnsureRequestLabels): void;
}

/** The reference's metrics of image pulls; names and labels equal its own. */
export const createImagesMetrics = (register: MetricRegister): ImagesMetrics => {
  const pullDuration = register.histogram({
    name: "kubelet_image_pull_duration_seconds",
    help: "[ALPHA] Duration in seconds to pull an image.",
    labelNames: ["image_size_in_bytes"],
    buckets: [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600],
  });
  const ensureRequests = register.counter({
    name: "kubelet_image_manager_ensure_image_requests_total",
    help: "[ALPHA] Number of ensure-image requests processed by the kubelet.",
    labelNames: ["pull_policy", "present_locally", "pull_required"],
  });
  return {
    observePull: (sizeBytes, durationMs) => pullDuration.observe(durationMs / 1000, { image_size_in_bytes: imageSizeLabel(sizeBytes) }),
    countEnsure: ({ pullPolicy, presentLocally, pullRequired }) =>
      ensureRequests.inc({
        pull_policy: pullPolicy.toLowerCase(),
        present_locally: presentLocally,
        pull_required: pullRequired,
      }),
  };
};
