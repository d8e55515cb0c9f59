import type { SelfPort, VerbosityPort } from "@nk/kubelet-api";
import { KUBERNETES_VERSION } from "@nk/kubelet-config";
import type { LoadedConfig } from "@nk/kubelet-config";

/** What this kubelet is and how it was told to run, and how much it logs. */
export interface KubeletSelf extends VerbosityPort {
  readonly facts: SelfPort;
}

/** From the configuration the process was started with. */
export const createSelf = (
  config: Pick<LoadedConfig, "configObject" | "givenFlags">,
  options: {
    readonly startedAtMs: number;
    /** Of what executes the kubelet, as `/statusz` shows it: Node's. */
    readonly runtimeVersion: string;
    readonly changeVerbosity: (level: number) => void;
  },
): KubeletSelf => ({
  changeVerbosity: options.changeVerbosity,
  facts: {
    configuration: () => config.configObject,
    flags: () => config.givenFlags,
    status: () => ({
      startedAtMs: options.startedAtMs,
      binaryVersion: KUBERNETES_VERSION.replace(/^v/, ""),
      runtimeVersion: options.runtimeVersion,
    }),
  },
});
