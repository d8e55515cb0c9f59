import type { MetricRegister } from "@nk/stdx";

/** Upper bounds of the reference's storage histograms (pkg/volume/util/metrics.go). */
const BUCKETS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];

/** What is done to volumes, by the reference's names. */
export type VolumeOperation = "volume_mount" | "volume_unmount" | "volume_apply_access_control";

export interface VolumesMetrics {
  observeOperation(operation: {
    readonly plugin: string;
    readonly name: VolumeOperation;
    readonly isSuccess: boolean;
    readonly durationMs: number;
  }): void;
  /** From the first wish for a volume until it is ready, waiting and failures included. */
  observeMounted(plugin: string, durationMs: number): void;
  /** How many volumes pods want, or have, changed by `change`. */
  addVolumes(volumes: { readonly plugin: string; readonly state: "desired" | "actual"; readonly change: number }): void;
}

const STATES = { desired: "desired_state_of_world", actual: "actual_state_of_world" } as const;

/** The reference's metrics of volumes; names and labels equal its own. */
export const createVolumesMetrics = (register: MetricRegister): VolumesMetrics => {
  const operations = register.histogram({
    name: "storage_operation_duration_seconds",
    help: "[ALPHA] Storage operation duration",
    labelNames: ["volume_plugin", "operation_name", "status", "migrated"],
    buckets: BUCKETS,
  });
  const overall = register.histogram({
    name: "volume_operation_total_seconds",
    help: "[ALPHA] Storage operation end to end duration in seconds",
    labelNames: ["plugin_name", "operation_name"],
    buckets: BUCKETS,
  });
  const total = register.gauge({
    name: "volume_manager_total_volumes",
    help: "[ALPHA] Number of volumes in Volume Manager",
    labelNames: ["plugin_name", "state"],
  });
  return {
    observeOperation: ({ plugin, name, isSuccess, durationMs }) =>
      operations.observe(durationMs / 1000, {
        volume_plugin: plugin,
        operation_name: name,
        status: isSuccess ? "success" : "fail-unknown",
        migrated: "false",
      }),
    observeMounted: (plugin, durationMs) =>
      overall.observe(durationMs / 1000, { plugin_name: plugin, operation_name: "overall_volume_mount" }),
    addVolumes: ({ plugin, state, change }) => total.add(change, { plugin_name: plugin, state: STATES[state] }),
  };
};
