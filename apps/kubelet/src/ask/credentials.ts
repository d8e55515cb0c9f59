import { access, readFile } from "node:fs/promises";
import { isKubeClientError, loadKubeconfig } from "@nk/kube-client";
import type { PemSource } from "@nk/kube-client";
import type { AskArguments } from "./arguments.ts";
import { AskError } from "./ask-error.ts";

/** What is shown to the kubelet of who asks. */
export interface AskCredentials {
  readonly cert?: string;
  readonly key?: string;
  readonly authorization?: string;
  /** For messages. */
  readonly from: string;
}

/** Reads a file that the command line names. */
export const readNamed = async (path: string, option: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AskError("failed", `read ${option} ${path}: ${why}`, { cause: error });
  }
};

const readPem = (source: PemSource): Promise<string> | string =>
  "pem" in source ? source.pem : readNamed(source.file, "the kubeconfig's file");

/** Whether the file can be read by us. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A header takes one line only; what stands in the file is not told. */
const bearer = (text: string, path: string): string => {
  const token = text.trim();
  if (!/^[\u0021-\u007e]+$/u.test(token)) throw new AskError("failed", `${path} holds no token: that is one line`);
  return `Bearer ${token}`;
};

const fromKubeconfig = async (path: string): Promise<AskCredentials> => {
  try {
    const { credentials = {} } = (await loadKubeconfig(path)).access();
    const { certificate, token, tokenFile, basic } = credentials;
    const text = tokenFile === undefined ? token : await readNamed(tokenFile, "the kubeconfig's token file");
    const password = basic && `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
    const authorization = text === undefined ? password : bearer(text, tokenFile ?? path);
    if (certificate === undefined && authorization === undefined)
      throw new AskError("failed", `${path} has neither a certificate nor a token that could be shown to the kubelet; use --token-file`);
    return {
      ...(certificate === undefined ? {} : { cert: await readPem(certificate.certificate), key: await readPem(certificate.key) }),
      ...(authorization === undefined ? {} : { authorization }),
      from: path,
    };
  } catch (error) {
    throw isKubeClientError(error) ? new AskError("failed", error.message, { cause: error }) : error;
  }
};

/** Who asks: as said directly, or the first kubeconfig there is; nobody when there is none. */
export const findCredentials = async ({ options }: AskArguments, kubeconfigs: readonly string[]): Promise<AskCredentials | undefined> => {
  const { "client-certificate": certificate, "client-key": key, "token-file": tokenFile } = options;
  if (certificate !== undefined && key !== undefined) {
    return {
      cert: await readNamed(certificate, "--client-certificate"),
      key: await readNamed(key, "--client-key"),
      from: certificate,
    };
  }
  if (tokenFile !== undefined) return { authorization: bearer(await readNamed(tokenFile, "--token-file"), tokenFile), from: tokenFile };
  if (options["user-kubeconfig"] !== undefined) return fromKubeconfig(options["user-kubeconfig"]);
  for (const path of kubeconfigs) if (path !== "" && (await exists(path))) return fromKubeconfig(path);
  return undefined;
};
