import type { RegistryAuth } from "./ports.ts";

/** One login and the registry it is for: a host glob, perhaps with port and path prefix, e.g. `*.example.com:5000/team`. */
export interface DockerConfigEntry {
  readonly registry: string;
  readonly auth: RegistryAuth;
}

/** Registry logins in the order they were written. Holds secrets: never log one. */
export interface DockerConfig {
  readonly entries: readonly DockerConfigEntry[];
  /** What could not be read, without any value of it. */
  readonly problems: readonly string[];
}

/** What is read of a Secret; the values of `data` are base64, as the API serves them. */
export interface PullSecret {
  readonly type?: string;
  readonly data?: { readonly [key: string]: string };
}

export type DockerConfigFormat = "config.json" | "dockercfg";

const MAX_ENTRIES = 1000;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Without the NUL bytes with which old docker clients padded a password. Not a pattern: `\0+$` takes the square of their number. */
const trimPadding = (password: string): string => {
  let end = password.length;
  while (end > 0 && password.charCodeAt(end - 1) === 0) end -= 1;
  return password.slice(0, end);
};

/** `base64(username:password)`; undefined when it is not that. The pattern has one way to match only: a pod's author chose the text. */
const decodeAuthField = (auth: string): { readonly username: string; readonly password: string } | undefined => {
  if (!/^[A-Za-z0-9+/\s]*(?:={1,2}\s*)?$/.test(auth)) return undefined;
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: trimPadding(decoded.slice(colon + 1)) };
};

const decodeEntry = (value: Record<string, unknown>): RegistryAuth | undefined => {
  const field = text(value["auth"]);
  // `auth` wins over username and password, as in the reference (pkg/credentialprovider/config.go).
  const login = field === undefined ? undefined : decodeAuthField(field);
  const username = login?.username ?? text(value["username"]);
  const password = login?.password ?? text(value["password"]);
  const identityToken = text(value["identitytoken"]);
  const registryToken = text(value["registrytoken"]);
  if (field !== undefined && login === undefined && identityToken === undefined && registryToken === undefined) return undefined;
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(identityToken !== undefined && { identityToken }),
    ...(registryToken !== undefined && { registryToken }),
  };
};

/**
 * Reads the text of a docker configuration: `config.json` has its logins under `auths`, the older `dockercfg` at the top. Never throws;
 * what cannot be used is left out and named in `problems`. At most 1000 entries are read.
 */
export const parseDockerConfig = (source: string, format: DockerConfigFormat): DockerConfig => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch {
    // The parser's own message quotes the text, which may hold a password.
    return { entries: [], problems: ["not valid JSON"] };
  }
  const auths = format === "config.json" && isRecord(parsed) ? (parsed["auths"] ?? {}) : parsed;
  if (!isRecord(auths)) return { entries: [], problems: ["not an object of registries"] };
  const entries: DockerConfigEntry[] = [];
  const problems: string[] = [];
  for (const [registry, value] of Object.entries(auths).slice(0, MAX_ENTRIES)) {
    const auth = isRecord(value) ? decodeEntry(value) : undefined;
    if (auth === undefined) problems.push(`the login of ${registry} cannot be read: auth must be base64(username:password)`);
    else if (Object.keys(auth).length > 0) entries.push({ registry, auth });
  }
  return { entries, problems };
};

/** The logins of a Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg; undefined for any other Secret. */
export const dockerConfigFromSecret = (secret: PullSecret): DockerConfig | undefined => {
  const decode = (key: string, format: DockerConfigFormat): DockerConfig | undefined => {
    const value = secret.data?.[key];
    return value === undefined ? undefined : parseDockerConfig(Buffer.from(value, "base64").toString("utf8"), format);
  };
  if (secret.type === "kubernetes.io/dockerconfigjson") return decode(".dockerconfigjson", "config.json");
  if (secret.type === "kubernetes.io/dockercfg") return decode(".dockercfg", "dockercfg");
  return undefined;
};
