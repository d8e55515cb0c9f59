import type { HealthCheck } from "@nk/kubelet-api";

/** What `/healthz` asks, by server. */
export interface HealthChecks {
  /** Of the authenticated and the read-only server. */
  readonly api: readonly HealthCheck[];
  /**
   * Of the health server: that the process answers. Whoever watches that port restarts the kubelet, and that does not bring back a
   * runtime that is down (reference: healthz.InstallHandler without checks).
   */
  readonly process: readonly HealthCheck[];
}

/** `syncLoopProblem` says why nothing is known of the pods; undefined while it is. */
export const createHealthChecks = (syncLoopProblem: () => string | undefined): HealthChecks => {
  const ping: HealthCheck = { name: "ping", check: () => undefined };
  const log: HealthCheck = { name: "log", check: () => undefined };
  const syncloop: HealthCheck = {
    name: "syncloop",
    check: () => {
      const problem = syncLoopProblem();
      if (problem !== undefined) throw new Error(problem);
    },
  };
  return { api: [ping, log, syncloop], process: [ping] };
};
