import { parseTimestamp } from "@nk/pod-model";
import { KubeClientError } from "../errors.ts";
import type { ExecPluginConfig } from "../kubeconfig/access.ts";
import { clientCertificateOf } from "./identity.ts";
import type { Identity } from "./identity.ts";

/** The cluster as KUBERNETES_EXEC_INFO tells it to a plugin. */
export interface ExecClusterInfo {
  readonly server: string;
  readonly tlsServerName?: string | undefined;
  readonly skipTlsVerify?: boolean | undefined;
  readonly caPem?: string | undefined;
}

/** The value of KUBERNETES_EXEC_INFO: an ExecCredential with a spec only. */
export const formatExecInfo = (config: ExecPluginConfig, cluster: ExecClusterInfo): string =>
  JSON.stringify({
    apiVersion: config.apiVersion,
    kind: "ExecCredential",
    spec: {
      ...(config.provideClusterInfo
        ? {
            cluster: {
              server: cluster.server,
              "tls-server-name": cluster.tlsServerName,
              "insecure-skip-tls-verify": cluster.skipTlsVerify === true ? true : undefined,
              "certificate-authority-data": cluster.caPem === undefined ? undefined : Buffer.from(cluster.caPem).toString("base64"),
              config: config.clusterConfig,
            },
          }
        : {}),
      interactive: false,
    },
  });

/** What a plugin gave. */
export interface ExecCredential {
  readonly identity: Identity;
  /** When to ask again, wall time; Infinity for never. */
  readonly expiresAtMs: number;
}

const textOf = (status: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = status[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

const expiryOf = (status: Readonly<Record<string, unknown>>): number | undefined => {
  const text = textOf(status, "expirationTimestamp");
  if (text === undefined) return Infinity;
  try {
    return parseTimestamp(text);
  } catch {
    return undefined;
  }
};

/** Reads what a plugin printed. The output holds secrets, so no message repeats any of it. @throws KubeClientError "credentials" */
export const parseExecCredential = (output: string, config: ExecPluginConfig): ExecCredential => {
  const fail = (what: string): KubeClientError =>
    new KubeClientError({ code: "credentials", message: `cannot use the answer of the exec plugin ${config.command}: ${what}` });
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw fail("it is no JSON");
  }
  if (typeof answer !== "object" || answer === null) throw fail("it is no object");
  const { kind, apiVersion, status } = answer as Readonly<Record<string, unknown>>;
  if (kind !== "ExecCredential") throw fail("it is no ExecCredential");
  if (apiVersion !== config.apiVersion) throw fail(`it is not of version ${config.apiVersion}, as configured`);
  if (typeof status !== "object" || status === null) throw fail("it has no status");
  const fields = status as Readonly<Record<string, unknown>>;
  const token = textOf(fields, "token");
  const certificatePem = textOf(fields, "clientCertificateData");
  const keyPem = textOf(fields, "clientKeyData");
  if (token === undefined && certificatePem === undefined && keyPem === undefined) throw fail("it has neither a token nor a certificate");
  if (token !== undefined && /[^\x21-\x7e]/u.test(token)) throw fail("its token has characters that no header can have");
  if ((certificatePem === undefined) !== (keyPem === undefined)) throw fail("it has a certificate or a key, but not both");
  const certificate = certificatePem === undefined || keyPem === undefined ? undefined : clientCertificateOf(certificatePem, keyPem);
  if (certificatePem !== undefined && certificate === undefined) throw fail("its certificate and key are no PEM or do not belong together");
  const expiresAtMs = expiryOf(fields);
  if (expiresAtMs === undefined) throw fail("its expirationTimestamp is no time");
  return { identity: { authorization: token === undefined ? undefined : `Bearer ${token}`, certificate }, expiresAtMs };
};
