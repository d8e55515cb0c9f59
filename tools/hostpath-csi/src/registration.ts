import { createGrpcListener, createGrpcService } from "@nk/csi-client/testing";
import { REGISTRATION_METHODS } from "./gen/pluginregistration/v1/methods.ts";
import type { RegistrationStatus } from "./gen/pluginregistration/v1/api.ts";

/** What the kubelet is told. */
export interface RegistrationOptions {
  /** The socket in the kubelet's plugins_registry. */
  readonly socketPath: string;
  readonly driverName: string;
  /** Path of the driver's own socket. */
  readonly endpoint: string;
  /** What the kubelet made of it; it may call again. */
  readonly onStatus: (status: RegistrationStatus) => void;
}

/** Serves the registration until disposed; the kubelet comes by itself when it sees the socket. */
export const startRegistration = async (options: RegistrationOptions): Promise<AsyncDisposable> => {
  const { socketPath, driverName, endpoint, onStatus } = options;
  const service = createGrpcService(REGISTRATION_METHODS, async ({ key, request }) => {
    if (key === "getInfo") return { type: "CSIPlugin", name: driverName, endpoint, supportedVersions: ["1.0.0"] };
    onStatus(request as RegistrationStatus);
    return {};
  });
  const listener = createGrpcListener(socketPath, [service]);
  await listener.start();
  return { [Symbol.asyncDispose]: () => listener.close() };
};
