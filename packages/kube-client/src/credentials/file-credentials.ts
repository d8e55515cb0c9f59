import { raceSignal } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { KubeClientError } from "../errors.ts";
import type { CredentialConfig, PemSource } from "../kubeconfig/access.ts";
import { clientCertificateOf } from "./identity.ts";
import type { ClientCertificate, Credentials, Identity } from "./identity.ts";
import { createWatchedFile } from "./watched-file.ts";

/** What {@link createFileCredentials} takes. */
export interface FileCredentialsOptions {
  readonly config: CredentialConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a request looks whether a file changed, in milliseconds. */
  readonly checkMs: number;
}

/** A file is read even if it looks unchanged: client-go's own period for token files. */
const REREAD_MS = 60_000;

/** Reads one PEM or token, from the configuration or from its file. */
type Source = (force: boolean) => Promise<string>;

const pemSource = (source: PemSource): Source => {
  if ("pem" in source) return () => Promise.resolve(source.pem);
  const file = createWatchedFile(source.file);
  return (force) => file.look({ force });
};

const readsFiles = ({ certificate, tokenFile }: CredentialConfig): boolean =>
  tokenFile !== undefined || (certificate !== undefined && ("file" in certificate.certificate || "file" in certificate.key));

/** Builds the reader of the Authorization header. */
const authorizationSource = (config: CredentialConfig): ((force: boolean) => Promise<string | undefined>) => {
  const { token, tokenFile, basic } = config;
  if (tokenFile !== undefined) {
    const file = createWatchedFile(tokenFile);
    return async (force) => {
      const text = (await file.look({ force })).trim();
      if (text === "")
        throw new KubeClientError({ code: "credentials", message: `cannot use the token of ${tokenFile}: the file is empty` });
      if (/[^\x21-\x7e]/u.test(text))
        throw new KubeClientError({ code: "credentials", message: `cannot use the token of ${tokenFile}: it is no token` });
      return `Bearer ${text}`;
    };
  }
  const fixed =
    token !== undefined
      ? `Bearer ${token}`
      : basic !== undefined
        ? `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`
        : undefined;
  return () => Promise.resolve(fixed);
};

const certificateSource = (config: CredentialConfig): ((force: boolean) => Promise<ClientCertificate | undefined>) => {
  if (config.certificate === undefined) return () => Promise.resolve(undefined);
  const certificate = pemSource(config.certificate.certificate);
  const key = pemSource(config.certificate.key);
  let last: ClientCertificate | undefined;
  return async (force) => {
    const [certificatePem, keyPem] = await Promise.all([certificate(force), key(force)]);
    if (last?.certificatePem === certificatePem && last.keyPem === keyPem) return last;
    const read = clientCertificateOf(certificatePem, keyPem);
    if (read === undefined) {
      throw new KubeClientError({
        code: "credentials",
        message: "cannot use the client certificate: it and its key are no PEM or do not belong together",
      });
    }
    last = read;
    return read;
  };
};

/**
 * Credentials that stand in the configuration or in files. A file is looked at with the first request after `checkMs`, so it costs nothing
 * when there is no traffic; while a new file is unreadable or half-written the old identity stays.
 */
export const createFileCredentials = (options: FileCredentialsOptions): Credentials => {
  const { config, clock, logger, checkMs } = options;
  const authorizationOf = authorizationSource(config);
  const certificateOf = certificateSource(config);
  const rereads = readsFiles(config);
  let identity: Identity | undefined;
  let lookedAtMs = -Infinity;
  let readAtMs = -Infinity;
  let looking: Promise<Identity> | undefined;
  let generation = 0;

  const look = async (force: boolean): Promise<Identity> => {
    const nowMs = clock.monotonicMs();
    const startedIn = generation;
    const full = force || nowMs - readAtMs >= REREAD_MS;
    try {
      const [authorization, certificate] = await Promise.all([authorizationOf(full), certificateOf(full)]);
      if (identity?.authorization !== authorization || identity?.certificate !== certificate || identity === undefined) {
        identity = { authorization, certificate };
      }
      if (full && generation === startedIn) readAtMs = nowMs;
    } catch (error) {
      if (identity === undefined) throw error;
      logger.warn("credentials could not be read again; the old ones stay in use", { error });
    } finally {
      // What was invalidated meanwhile has to be looked at again.
      if (generation === startedIn) {
        lookedAtMs = nowMs;
        looking = undefined;
      }
    }
    return identity;
  };
  const lookOnce = (force: boolean): Promise<Identity> => (looking ??= look(force));

  return {
    async current({ signal } = {}) {
      const isFresh = identity !== undefined && (!rereads || clock.monotonicMs() - lookedAtMs < checkMs);
      return isFresh && identity !== undefined ? identity : await raceSignal(lookOnce(false), signal);
    },
    async renew(refused, { signal } = {}) {
      if (!rereads || (identity !== undefined && identity !== refused)) return identity ?? refused;
      return await raceSignal(lookOnce(true), signal);
    },
    invalidate() {
      generation += 1;
      looking = undefined;
      lookedAtMs = -Infinity;
      readAtMs = -Infinity;
    },
  };
};
