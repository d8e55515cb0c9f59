import { expect, it } from "vitest";
import { untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { until } from "../until.ts";
import { runReady } from "./pod-facts.ts";

/** The value of the only sample that begins so; undefined when there is none. */
const sampleOf = (text: string, start: string): number | undefined => {
  const line = text.split("\n").find((one) => one.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
};

/** The metrics pages after something has happened; what they declare is compared in test/unit/metrics.test.ts. */
export const describeMetrics = (rig: () => ClusterRig): void => {
  it("measures a probe for as long as it has a pod", async () => {
    const livenessProbe = { exec: { command: ["true"] }, periodSeconds: 1 };
    await runReady(rig(), podOf("probed", [shell("main", SLEEP, { livenessProbe })]));
    const shots = async (): Promise<number | undefined> => {
      const series = 'prober_probe_total{container="main",namespace="default",pod="probed",';
      return sampleOf(await rig().kubelet.get("/metrics/probes"), series);
    };
    await until("the probe to be measured", async () => ((await shots()) ?? 0) > 0);
    expect(sampleOf(await rig().kubelet.get("/metrics"), "prober_probe_total")).toBeUndefined();
    await rig().remove("Pod", "probed");
    await untilApiPodGone(rig(), "probed");
    expect(await shots()).toBeUndefined();
  });

  it("tells of health checks, pods, operations and the process", async () => {
    expect(await rig().kubelet.get("/healthz?verbose")).toContain("[+]syncloop ok");
    expect(await rig().kubelet.get("/metrics/slis")).toContain('kubernetes_healthcheck{name="syncloop",type="healthz"} 1');
    await runReady(rig(), podOf("measured", [shell("main", SLEEP)]));
    const text = await rig().kubelet.get("/metrics");
    const positive = [
      "kubelet_running_pods",
      'kubelet_running_containers{container_state="running"}',
      'kubelet_runtime_operations_total{operation_type="run_podsandbox"}',
      'kubelet_pod_worker_duration_seconds_count{operation_type="create"}',
      "kubelet_pod_start_duration_seconds_count",
      "kubelet_cgroup_version",
      "process_cpu_seconds_total",
      "rest_client_exec_plugin_ttl_seconds +Inf",
      "kubernetes_build_info",
    ];
    for (const start of positive) expect([start, sampleOf(text, start)]).toEqual([start, expect.any(Number)]);
    expect(sampleOf(text, "kubelet_running_pods")).toBeGreaterThan(0);
    await rig().remove("Pod", "measured");
  });
};
