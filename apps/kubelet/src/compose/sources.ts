import type { KubeletSettings } from "@nk/kubelet-config";
import type { PodSource, SourceSnapshot } from "@nk/pod-model";
import { createFileSource, createHttpSource } from "@nk/static-pods";
import type { Telemetry } from "./telemetry.ts";

/** The sources the settings ask for. */
export const sourceNames = (settings: KubeletSettings): readonly PodSource[] => [
  ...(settings.staticPodPath === "" ? [] : (["file"] as const)),
  ...(settings.staticPodUrl === "" ? [] : (["http"] as const)),
  ...(settings.kubeconfig === "" ? [] : (["api"] as const)),
];

/** The sources of static pods as tasks by name; each hands its snapshots to `onSnapshot`. */
export const createSources = (
  settings: KubeletSettings,
  telemetry: Telemetry,
  onSnapshot: (snapshot: SourceSnapshot) => void,
): { readonly [name: string]: (signal: AbortSignal) => Promise<void> } => {
  const { clock, logger, metrics } = telemetry;
  const shared = { nodeName: settings.nodeName, onSnapshot, clock, logger: logger.child({ part: "sources" }), metrics };
  const file = { ...shared, path: settings.staticPodPath, recheckMs: settings.fileCheckFrequencyMs };
  const http = {
    ...shared,
    url: settings.staticPodUrl,
    headers: settings.staticPodUrlHeader.reveal(),
    intervalMs: settings.httpCheckFrequencyMs,
  };
  return {
    ...(settings.staticPodPath === "" ? {} : { fileSource: createFileSource(file).run }),
    ...(settings.staticPodUrl === "" ? {} : { httpSource: createHttpSource(http).run }),
  };
};
