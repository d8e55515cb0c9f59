import { X509Certificate } from "node:crypto";
import { isAbsolute } from "node:path";
import { isSubprocessError, raceSignal, runSubprocess } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { KubeClientError } from "../errors.ts";
import type { ExecPluginConfig } from "../kubeconfig/access.ts";
import type { KubeClientMetrics } from "../metrics.ts";
import { formatExecInfo, parseExecCredential } from "./exec-credential.ts";
import type { ExecClusterInfo, ExecCredential } from "./exec-credential.ts";
import type { Credentials, Identity } from "./identity.ts";

/** What {@link createExecCredentials} takes. */
export interface ExecCredentialsOptions {
  readonly config: ExecPluginConfig;
  /** Asked for at each run, so that a rotated CA reaches the plugin. */
  readonly cluster: () => Promise<ExecClusterInfo>;
  /** What the plugin inherits. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: KubeClientMetrics;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_STDERR_LENGTH = 1_000;
/** After a 401: a plugin whose credentials are refused again and again is not run more often. */
const MIN_INTERVAL_MS = 1_000;

/** What the kubeconfig gives to the plugin: a password may be shorter than what looks like a secret. The longest first, as one may hold another. */
const givenValues = ({ env, args }: ExecPluginConfig): readonly string[] =>
  [...Object.values(env), ...args.map((arg) => (arg.startsWith("-") ? arg.replace(/^[^=]*=?/u, "") : arg))]
    .filter((value) => value !== "")
    .toSorted((a, b) => b.length - a.length);

/** The end of what a plugin complained about, with everything that could be a secret blanked out. */
const redact = (stderr: string, config: ExecPluginConfig): string =>
  givenValues(config)
    .reduce((text, value) => text.replaceAll(value, "***"), stderr)
    .replaceAll(/[\w.~+/=-]{20,}/gu, "***")
    // Cut last: what a cut leaves of a secret may be too short to be taken for one.
    .slice(-MAX_STDERR_LENGTH);

const runPlugin = async (options: ExecCredentialsOptions): Promise<ExecCredential> => {
  const { config, clock, logger, metrics } = options;
  const count = (code: number, call_status: string): void => metrics.execPluginCalls.inc({ code: String(code), call_status });
  const env = { ...options.environment, ...config.env, KUBERNETES_EXEC_INFO: formatExecInfo(config, await options.cluster()) };
  const run = runSubprocess([config.command, ...config.args], {
    timeoutMs: options.timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    env,
    clock,
  });
  const { exitCode, stdout, stderr } = await run.catch((error: unknown) => {
    const isMissing = isSubprocessError(error) && error.code === "spawn-failed";
    count(1, isMissing ? "plugin_not_found_error" : "plugin_execution_error");
    const hint = isMissing && config.installHint !== undefined ? `; ${config.installHint}` : "";
    const what = isMissing
      ? isAbsolute(config.command)
        ? "it cannot be started"
        : "it is not on PATH or cannot be started"
      : "it did not end well";
    throw new KubeClientError({
      code: "credentials",
      message: `cannot run the exec plugin ${config.command}: ${what}${hint}`,
      cause: error,
    });
  });
  if (exitCode !== 0) {
    count(exitCode ?? 1, "plugin_execution_error");
    logger.warn("an exec credential plugin failed", { command: config.command, exitCode, stderr: redact(stderr, config) });
    throw new KubeClientError({
      code: "credentials",
      message: `cannot use the exec plugin ${config.command}: it ended with exit code ${exitCode ?? "none"}`,
    });
  }
  try {
    const credential = parseExecCredential(stdout, config);
    count(0, "no_error");
    return credential;
  } catch (error) {
    count(1, "client_internal_error");
    throw error;
  }
};

/** Credentials of a plugin: run when first needed, at expiry and after a 401, never twice at once. */
export const createExecCredentials = (options: ExecCredentialsOptions): Credentials => {
  const { clock, logger, metrics } = options;
  let last: ExecCredential | undefined;
  let ranAtMs = -Infinity;
  let running: Promise<Identity> | undefined;

  const run = async (): Promise<Identity> => {
    try {
      const credential = await runPlugin(options);
      const old = last?.identity.certificate;
      if (old !== undefined && old.id !== credential.identity.certificate?.id) {
        const ageMs = clock.nowMs() - new X509Certificate(old.certificatePem).validFromDate.getTime();
        metrics.execPluginCertificateAgeSeconds.observe(ageMs / 1000);
      }
      const certificate = credential.identity.certificate;
      if (certificate !== undefined)
        metrics.setExecPluginExpiry(options.config.command, new X509Certificate(certificate.certificatePem).validToDate.getTime());
      const isSame = last?.identity.authorization === credential.identity.authorization && old?.id === credential.identity.certificate?.id;
      last = isSame && last !== undefined ? { ...credential, identity: last.identity } : credential;
      return last.identity;
    } finally {
      ranAtMs = clock.monotonicMs();
      running = undefined;
    }
  };
  const runOnce = (signal: AbortSignal | undefined): Promise<Identity> => raceSignal((running ??= run()), signal);

  return {
    async current({ signal } = {}) {
      if (last !== undefined && clock.nowMs() < last.expiresAtMs) return last.identity;
      return await runOnce(signal);
    },
    async renew(refused, { signal } = {}) {
      if (last !== undefined && last.identity !== refused) return last.identity;
      if (running === undefined && clock.monotonicMs() - ranAtMs < MIN_INTERVAL_MS) return refused;
      try {
        return await runOnce(signal);
      } catch (error) {
        signal?.throwIfAborted();
        logger.warn("an exec credential plugin could not renew credentials that the server refused", { error });
        return refused;
      }
    },
    invalidate() {
      if (last !== undefined) last = { ...last, expiresAtMs: -Infinity };
    },
  };
};
