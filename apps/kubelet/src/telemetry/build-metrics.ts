import { FEATURE_GATES, isFeatureEnabled, KUBERNETES_VERSION } from "@nk/kubelet-config";
import type { MetricRegister } from "@nk/stdx";
import { arch, platform, version } from "node:process";
import type { PrometheusRegister } from "./prometheus.ts";

/** As Go calls what Node calls otherwise. */
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64", ia32: "386" };

/** Which Kubernetes this kubelet speaks as, and what it runs on: where the reference names its Go, Node is named. */
export const registerBuildInfo = (register: MetricRegister): void => {
  const [major = "", minor = ""] = KUBERNETES_VERSION.slice(1).split(".");
  register
    .gauge({
      name: "kubernetes_build_info",
      help: "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
      labelNames: ["build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major", "minor", "platform"],
    })
    .set(1, {
      build_date: "",
      compiler: "node",
      git_commit: "",
      git_tree_state: "",
      git_version: KUBERNETES_VERSION,
      go_version: version,
      major,
      minor,
      platform: `${platform}/${ARCHITECTURES[arch] ?? arch}`,
    });
};

/** The feature gates that nk knows, as they were set. */
export const registerFeatures = (register: MetricRegister, featureGates: Readonly<Record<string, boolean>>): void => {
  const enabled = register.gauge({
    name: "kubernetes_feature_enabled",
    help: "[BETA] This metric records the data about the stage and enablement of a k8s feature.",
    labelNames: ["name", "stage"],
  });
  for (const { name, stage } of FEATURE_GATES.values()) enabled.set(isFeatureEnabled(name, featureGates) ? 1 : 0, { name, stage });
};

/** How many metrics of each stability the register has; those without one are nk's own or the process's. */
export const registerRegisteredMetrics = (register: PrometheusRegister): void => {
  const total = register.counter({
    name: "registered_metrics_total",
    help: "[BETA] The count of registered metrics broken by stability level and deprecation version.",
    labelNames: ["stability_level", "deprecated_version"],
  });
  const counted = new Set<string>();
  register.beforeRender(() => {
    for (const [name, { help }] of register.declared()) {
      if (counted.has(name)) continue;
      counted.add(name);
      const stability = /^\[([A-Z]+)\] /.exec(help)?.[1];
      if (stability !== undefined) total.inc({ stability_level: stability, deprecated_version: "" });
    }
  });
};
