import type { CgroupDriver } from "@nk/cgroups";
import { createCriClient, createRuntimePodView, isCriError } from "@nk/cri-client";
import type { CriClient, RuntimePodView } from "@nk/cri-client";
import type { KubeletSettings } from "@nk/kubelet-config";
import { createPleg, createPlegMetrics, createPodStatusCache, createRuntimeStatus } from "@nk/pleg";
import type { Pleg, PodStatusCache, RuntimeStatus } from "@nk/pleg";
import { CgroupDriver as RuntimeCgroupDriver } from "@nk/cri-api";
import type { Clock } from "@nk/stdx";
import { createRuntimeReporter } from "../adapters/runtime-status.ts";
import { runtimeViewForPleg } from "../adapters/runtime-view.ts";
import type { RuntimeTraits } from "../adapters/runtime-status.ts";
import type { Telemetry } from "./telemetry.ts";

/** The container runtime: how to talk to it, and what is known of it. */
export interface Runtime {
  readonly cri: CriClient;
  readonly view: RuntimePodView;
  readonly cache: PodStatusCache;
  readonly pleg: Pleg;
  /** Whether it and the pod network are ready. */
  readonly status: RuntimeStatus;
  readonly traits: () => RuntimeTraits | undefined;
  /** Resolves when the traits are known. */
  readonly traitsKnown: Promise<void>;
  readonly version: string;
  /** e.g. `containerd`: the scheme of container ids. */
  readonly name: string;
  readonly cgroupDriver: CgroupDriver;
}

const RETRY_MS = 500;

/** Waits for the runtime's first answer: a kubelet may be started before it. */
const firstVersion = async (
  cri: CriClient,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<{ readonly runtimeName: string; readonly runtimeVersion: string }> => {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await cri.version({ version: "v1" }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (isFirst) telemetry.logger.warn("container runtime does not answer yet", { endpoint: cri.endpoint, error });
      await telemetry.clock.sleep(RETRY_MS, { signal });
    }
  }
};

/** As the reference tries and waits. */
const DRIVER_ATTEMPTS = 3;
const DRIVER_RETRY_MS = 2000;

/** The runtime's own answer wins over the configuration; runtimes before containerd 2 have none. */
const readCgroupDriver = async (
  cri: CriClient,
  configured: CgroupDriver,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<CgroupDriver> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { linux } = await cri.runtimeConfig({}, { signal: options.signal });
      if (linux === undefined) return configured;
      return linux.cgroupDriver === RuntimeCgroupDriver.SYSTEMD ? "systemd" : "cgroupfs";
    } catch (error) {
      if (isCriError(error, "unimplemented")) return configured;
      if (!isCriError(error) || attempt >= DRIVER_ATTEMPTS) throw error;
      await options.clock.sleep(DRIVER_RETRY_MS, { signal: options.signal });
    }
  }
};

/** Connects to the runtime and waits until it answers. */
export const openRuntime = async (settings: KubeletSettings, telemetry: Telemetry, signal: AbortSignal): Promise<Runtime> => {
  const { clock, logger, metrics } = telemetry;
  const cri = createCriClient({
    endpoint: settings.containerRuntimeEndpoint,
    imageEndpoint: settings.imageServiceEndpoint,
    timeoutMs: settings.runtimeRequestTimeoutMs,
    clock,
    logger: logger.child({ part: "cri" }),
    metrics,
  });
  const version = await firstVersion(cri, telemetry, signal);
  logger.info("Container runtime initialized", {
    containerRuntime: version.runtimeName,
    version: version.runtimeVersion,
    endpoint: cri.endpoint,
  });
  const view = createRuntimePodView(cri, { clock });
  const plegMetrics = createPlegMetrics(metrics);
  const observed = runtimeViewForPleg(view);
  const cache = createPodStatusCache({ runtime: observed }, { clock, metrics: plegMetrics });
  const pleg = createPleg({ runtime: observed, cache }, { clock, logger: logger.child({ part: "pleg" }), metrics: plegMetrics });
  const reporter = createRuntimeReporter(cri);
  return {
    cri,
    view,
    cache,
    pleg,
    status: createRuntimeStatus(reporter.port, { clock, logger: logger.child({ part: "runtime-status" }) }),
    traits: () => reporter.traits(),
    traitsKnown: reporter.answered,
    version: version.runtimeVersion,
    name: version.runtimeName,
    cgroupDriver: await readCgroupDriver(cri, settings.cgroupDriver, { clock, signal }),
  };
};
