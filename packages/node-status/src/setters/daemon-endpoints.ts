import type { Setter, SetterOutput } from "./setter.ts";

/** Where the kubelet's API listens. */
export const setDaemonEndpoints: Setter = ({ settings }): SetterOutput => ({
  status: { daemonEndpoints: { kubeletEndpoint: { Port: settings.port } } },
});
