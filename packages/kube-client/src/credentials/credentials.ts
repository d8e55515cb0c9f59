import type { Clock, Logger } from "@nk/stdx";
import { KubeClientError } from "../errors.ts";
import type { ClusterAccess, PemSource } from "../kubeconfig/access.ts";
import type { KubeClientMetrics } from "../metrics.ts";
import { createExecCredentials } from "./exec-plugin.ts";
import { createFileCredentials } from "./file-credentials.ts";
import type { Credentials } from "./identity.ts";
import { readBounded } from "./watched-file.ts";

/** What {@link createCredentials} takes. */
export interface CredentialsOptions {
  readonly access: ClusterAccess;
  readonly environment: Readonly<Record<string, string>>;
  readonly execTimeoutMs: number;
  readonly checkMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: KubeClientMetrics;
}

/** The PEM text as of now. @throws KubeClientError "credentials" */
export const readPemSource = async (source: PemSource | undefined): Promise<string | undefined> => {
  if (source === undefined) return undefined;
  if ("pem" in source) return source.pem;
  try {
    return await readBounded(source.file);
  } catch (error) {
    throw new KubeClientError({ code: "credentials", message: `cannot read ${source.file}`, details: { file: source.file }, cause: error });
  }
};

/** The credentials of an access. A plugin counts only when nothing else is configured, as in client-go (exec.UpdateTransportConfig). */
export const createCredentials = (options: CredentialsOptions): Credentials => {
  const { access, environment, execTimeoutMs, checkMs, clock, logger, metrics } = options;
  const config = access.credentials ?? {};
  const hasOther =
    config.token !== undefined || config.tokenFile !== undefined || config.basic !== undefined || config.certificate !== undefined;
  if (config.exec === undefined || hasOther) return createFileCredentials({ config, clock, logger, checkMs });
  return createExecCredentials({
    config: config.exec,
    cluster: async () => ({
      server: access.server,
      tlsServerName: access.tlsServerName,
      skipTlsVerify: access.skipTlsVerify,
      caPem: await readPemSource(access.ca),
    }),
    environment,
    timeoutMs: execTimeoutMs,
    clock,
    logger,
    metrics,
  });
};
