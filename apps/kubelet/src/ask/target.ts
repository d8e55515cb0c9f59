import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { RequestOptions } from "node:https";
import { isKubeletConfigError, loadSettings } from "@nk/kubelet-config";
import type { KubeletSettings } from "@nk/kubelet-config";
import type { AskArguments } from "./arguments.ts";
import { AskError } from "./ask-error.ts";
import { exists, findCredentials, readNamed } from "./credentials.ts";
import type { AskCredentials } from "./credentials.ts";

/** Where and as whom the kubelet is asked. */
export interface AskTarget {
  readonly url: URL;
  /** Of TLS; empty for http. */
  readonly tls: Pick<RequestOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "checkServerIdentity"> & {
    readonly allowPartialTrustChain?: boolean;
  };
  readonly authorization?: string;
  /** For messages: whose credentials, or undefined for nobody's. */
  readonly asWhom?: string;
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);

const isLoopback = (host: string): boolean => host.startsWith("127.") || host === "::1";

/** Where things lie when the command line does not say. */
export interface AskDefaults {
  /** Taken for --config when there is such a file. */
  readonly configFile: string;
  /** Looked for in this order. */
  readonly kubeconfigs: readonly string[];
}

const loadKubeletSettings = async ({ kubeletArgv }: AskArguments, { configFile }: AskDefaults): Promise<KubeletSettings> => {
  const isStated = kubeletArgv.some((argument) => /^--config(?:=|$)/u.test(argument));
  const argv = isStated || !(await exists(configFile)) ? kubeletArgv : [...kubeletArgv, `--config=${configFile}`];
  try {
    const config = await loadSettings({ argv });
    if (config.kind === "run") return config.settings;
    throw new AskError("usage", "--version says nothing about a pod; see --help");
  } catch (error) {
    throw isKubeletConfigError(error) ? new AskError("usage", error.message, { cause: error }) : error;
  }
};

const parseServer = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new AskError("usage", `--server ${JSON.stringify(text.slice(0, 100))} is no URL like https://HOST:10250; see --help`);
  return url;
};

const localUrl = (settings: KubeletSettings): URL => {
  if (!settings.enableServer) throw new AskError("failed", "the kubelet has no API to be asked over: enableServer is false");
  const { address, readOnlyPort, server } = settings;
  const host = ANY_ADDRESS.has(address) ? "127.0.0.1" : address;
  const shown = host.includes(":") ? `[${host}]` : host;
  // The read-only port explains to callers of the loopback only.
  const isOpen = readOnlyPort !== 0 && isLoopback(host);
  return new URL(isOpen ? `http://${shown}:${readOnlyPort}` : `https://${shown}:${server.port}`);
};

/** Only the holder of this very certificate is taken for the kubelet, whatever names stand in it. */
const pinned = (pem: string, path: string): AskTarget["tls"] => {
  const expected = new X509Certificate(pem).fingerprint256;
  return {
    ca: pem,
    allowPartialTrustChain: true,
    checkServerIdentity: (_, { fingerprint256 }) =>
      fingerprint256 === expected ? undefined : new Error(`the certificate is not the one in ${path}`),
  };
};

const trust = async (args: AskArguments, settings: KubeletSettings): Promise<AskTarget["tls"]> => {
  const { "certificate-authority": authorityFile, server } = args.options;
  if (args.skipsTlsVerify) return { rejectUnauthorized: false };
  if (authorityFile !== undefined) {
    const ca = await readNamed(authorityFile, "--certificate-authority");
    // Of an empty text Node would make the authorities that the machine trusts.
    if (!ca.includes("-----BEGIN CERTIFICATE-----"))
      throw new AskError("failed", `read --certificate-authority ${authorityFile}: it holds no certificate`);
    return { ca };
  }
  if (server !== undefined) return {};
  const path = settings.server.tlsCertFile === "" ? join(settings.certDir, "kubelet.crt") : settings.server.tlsCertFile;
  const pem = await readNamed(path, "the kubelet's certificate");
  try {
    return pinned(pem, path);
  } catch (error) {
    throw new AskError("failed", `read the kubelet's certificate ${path}: it is none`, { cause: error });
  }
};

/** Finds where the kubelet listens and who may ask it. Throws {@link AskError}. */
export const findTarget = async (args: AskArguments, defaults: AskDefaults): Promise<AskTarget> => {
  const settings = await loadKubeletSettings(args, defaults);
  const { server } = args.options;
  const url = server === undefined ? localUrl(settings) : parseServer(server);
  if (url.protocol === "http:") return { url, tls: {} };
  const kubeconfigs = [...defaults.kubeconfigs, ...(server === undefined ? [settings.kubeconfig] : [])];
  const credentials: AskCredentials | undefined = await findCredentials(args, kubeconfigs);
  const { cert, key, authorization, from } = credentials ?? {};
  return {
    url,
    tls: { ...(await trust(args, settings)), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) },
    ...(authorization === undefined ? {} : { authorization }),
    ...(from === undefined ? {} : { asWhom: from }),
  };
};
