import type { MetricRegister } from "@nk/stdx";

export interface NodeStatusMetrics {
  /** The first attempt to register. */
  attemptRegistration(nowMs: number): void;
  /** A node that was not there before has been created. */
  registeredNew(nowMs: number, bootMs: number | undefined): void;
  /** The server has seen the node ready. */
  ready(nowMs: number, bootMs: number | undefined): void;
}

/** The reference's metrics of the node; the durations are set only where this kubelet has created the node. */
export const createNodeStatusMetrics = (
  register: MetricRegister,
  options: { readonly nodeName: string; readonly kubeletStartMs: number },
): NodeStatusMetrics => {
  const gauge = (name: string, help: string) => register.gauge({ name, help: `[ALPHA] ${help}` });
  const total = gauge("kubelet_node_startup_duration_seconds", "Duration in seconds of node startup in total.");
  const preKubelet = gauge(
    "kubelet_node_startup_pre_kubelet_duration_seconds",
    "Duration in seconds of node startup before kubelet starts.",
  );
  const preRegistration = gauge(
    "kubelet_node_startup_pre_registration_duration_seconds",
    "Duration in seconds of node startup before registration.",
  );
  const registration = gauge(
    "kubelet_node_startup_registration_duration_seconds",
    "Duration in seconds of node startup during registration.",
  );
  const postRegistration = gauge(
    "kubelet_node_startup_post_registration_duration_seconds",
    "Duration in seconds of node startup after registration.",
  );
  register
    .gauge({ name: "kubelet_node_name", help: "[ALPHA] The node's name. The count is always 1.", labelNames: ["node"] })
    .set(1, { node: options.nodeName });
  const { kubeletStartMs } = options;
  let attemptedMs: number | undefined;
  let registeredMs: number | undefined;
  let isReady = false;
  const seconds = (fromMs: number, toMs: number): number => (toMs - fromMs) / 1000;
  return {
    attemptRegistration: (nowMs) => {
      attemptedMs ??= nowMs;
    },
    registeredNew(nowMs, bootMs) {
      if (attemptedMs === undefined || registeredMs !== undefined) return;
      registeredMs = nowMs;
      if (bootMs !== undefined) preKubelet.set(seconds(bootMs, kubeletStartMs));
      preRegistration.set(seconds(kubeletStartMs, attemptedMs));
      registration.set(seconds(attemptedMs, nowMs));
    },
    ready(nowMs, bootMs) {
      if (registeredMs === undefined || isReady) return;
      isReady = true;
      postRegistration.set(seconds(registeredMs, nowMs));
      if (bootMs !== undefined) total.set(seconds(bootMs, nowMs));
    },
  };
};
