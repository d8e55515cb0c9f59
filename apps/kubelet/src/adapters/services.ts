import type { Service } from "@nk/pod-model";
import type { NodeFacts } from "@nk/pod-sync";

type ServiceEnv = NodeFacts["services"][number];

/** Services that containers are told of by their environment: those with a cluster IP. */
export const toServiceEnv = (services: readonly Service[]): readonly ServiceEnv[] =>
  services.flatMap(({ metadata, spec }) => {
    const clusterIp = spec?.clusterIP ?? "";
    if (clusterIp === "" || clusterIp === "None") return [];
    const ports = (spec?.ports ?? []).map(({ name, port, protocol }) => ({
      port,
      ...(name === undefined ? {} : { name }),
      ...(protocol === undefined ? {} : { protocol }),
    }));
    return [{ name: metadata?.name ?? "", namespace: metadata?.namespace ?? "", clusterIp, ports }];
  });
