import { watch } from "node:fs";
import type { RuntimeCondition as CriCondition, StatusResponse } from "@nk/cri-api";
import type { CriClient } from "@nk/cri-client";
import type { RuntimeCondition, RuntimeSelfReport, RuntimeStatusPort, RuntimeStatusSnapshot } from "@nk/pleg";
import type { NodeRuntimeHandler } from "@nk/pod-model";

/** What the runtime said of itself last, beside its conditions. */
export interface RuntimeTraits {
  readonly handlers: readonly NodeRuntimeHandler[];
  readonly features?: { readonly supplementalGroupsPolicy: boolean };
}

/** The runtime's status as PLEG asks for it. */
export interface RuntimeReporter {
  readonly port: RuntimeStatusPort;
  /** Undefined until it has answered. */
  traits(): RuntimeTraits | undefined;
  /** Resolves when it has answered once. */
  readonly answered: Promise<void>;
}

const conditionOf = (conditions: readonly CriCondition[], type: string): RuntimeCondition | undefined =>
  conditions.find((condition) => condition.type === type);

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } => typeof value === "object" && value !== null;

/** containerd tells its CRI configuration as JSON in the verbose answer; what is not as expected is no directory. */
const networkDirsOf = (info: { readonly [key: string]: string }): readonly string[] => {
  try {
    const config: unknown = JSON.parse(info["config"] ?? "{}");
    const cni = isRecord(config) ? config["cni"] : undefined;
    const confDir = isRecord(cni) ? cni["confDir"] : undefined;
    return typeof confDir === "string" && confDir.startsWith("/") ? [confDir] : [];
  } catch {
    return [];
  }
};

const traitsOf = ({ runtimeHandlers, features }: StatusResponse): RuntimeTraits => ({
  handlers: runtimeHandlers.map(({ name, features: handler }) => ({
    name,
    ...(handler === undefined
      ? {}
      : { features: { recursiveReadOnlyMounts: handler.recursiveReadOnlyMounts, userNamespaces: handler.userNamespaces } }),
  })),
  ...(features === undefined ? {} : { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy } }),
});

const watchOne = (path: string, onChange: () => void): Disposable | undefined => {
  try {
    const watcher = watch(path, { persistent: false }, onChange);
    watcher.on("error", () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return undefined;
  }
};

/** Asks the runtime over CRI; the long answer, which names the network's directories, only at first and after a failure. */
export const createRuntimeReporter = (cri: CriClient): RuntimeReporter => {
  let networkDirs: readonly string[] | undefined;
  let traits: RuntimeTraits | undefined;
  const answered = Promise.withResolvers<void>();
  const report = async (options: { readonly signal: AbortSignal }): Promise<RuntimeSelfReport> => {
    try {
      const answer = await cri.status({ verbose: networkDirs === undefined }, options);
      networkDirs ??= networkDirsOf(answer.info);
      traits = traitsOf(answer);
      answered.resolve();
      const conditions = answer.status?.conditions ?? [];
      return { runtime: conditionOf(conditions, "RuntimeReady"), network: conditionOf(conditions, "NetworkReady"), networkDirs };
    } catch (error) {
      networkDirs = undefined;
      throw error;
    }
  };
  const watchDirs = (paths: readonly string[], onChange: () => void): Disposable => {
    const watchers = paths.flatMap((path) => watchOne(path, onChange) ?? []);
    return { [Symbol.dispose]: () => watchers.forEach((watcher) => watcher[Symbol.dispose]()) };
  };
  return { port: { report, watchDirs }, traits: () => traits, answered: answered.promise };
};

/** Why pods with a network of their own cannot start, in the reference's words; undefined when they can, or when that is not known. */
export const networkProblemOf = (status: RuntimeStatusSnapshot): string | undefined => {
  if (status.kind === "unknown" || status.network === undefined || status.network.status) return undefined;
  const { reason, message } = status.network;
  return `container runtime network not ready: NetworkReady=false reason:${reason} message:${message}`;
};
