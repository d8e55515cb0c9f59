import { createHash } from "node:crypto";
import type { DockerConfig, DockerConfigEntry } from "./docker-config.ts";
import { isGlobMatch } from "./glob.ts";
import type { RegistryAuth } from "./ports.ts";

const HUB_KEY = "index.docker.io";

interface RegistryPattern {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** Host, port and path; undefined when there is no host in it. Written by hand: `new URL` refuses globs such as `[a-c].io`. */
const parsePattern = (key: string): RegistryPattern | undefined => {
  const slash = key.indexOf("/");
  const host = slash < 0 ? key : key.slice(0, slash);
  const port = /:(\d+)$/.exec(host)?.[1] ?? "";
  const name = port === "" ? host : host.slice(0, -port.length - 1);
  return name === "" ? undefined : { labels: name.split("."), port, path: slash < 0 ? "" : key.slice(slash) };
};

/** Drops the scheme and docker's API version, so that `https://index.docker.io/v1/` is `index.docker.io`. */
const normalizeRegistry = (registry: string): string => {
  const bare = registry.replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  if (slash < 0) return bare;
  const path = bare.slice(slash).replace(/^\/v[12]\//, "/");
  return path === "/" ? bare.slice(0, slash) : bare.slice(0, slash) + path;
};

const isMatch = (pattern: RegistryPattern, image: RegistryPattern): boolean =>
  pattern.port === image.port &&
  pattern.labels.length === image.labels.length &&
  image.path.startsWith(pattern.path) &&
  pattern.labels.every((label, index) => isGlobMatch(label, image.labels[index] ?? ""));

const authKey = (auth: RegistryAuth): string => JSON.stringify([auth.username, auth.password, auth.identityToken, auth.registryToken]);

/** Most specific first: reverse order of the text puts a longer path before its prefix, and a name before a glob. */
const compareSpecificFirst = (a: { readonly key: string }, b: { readonly key: string }): number =>
  a.key === b.key ? 0 : a.key < b.key ? 1 : -1;

const lookUpIn = (entries: readonly DockerConfigEntry[], repository: string): readonly RegistryAuth[] => {
  const image = parsePattern(repository);
  if (image === undefined) return [];
  const keyed = entries.map((entry) => ({ key: normalizeRegistry(entry.registry), auth: entry.auth })).toSorted(compareSpecificFirst);
  const matching = keyed.filter(({ key }) => {
    const pattern = parsePattern(key);
    return pattern !== undefined && isMatch(pattern, image);
  });
  if (matching.length > 0) return matching.map(({ auth }) => auth);
  // Docker Hub's logins are written under another host than its images'.
  return repository.startsWith("docker.io/") ? keyed.filter(({ key }) => key === HUB_KEY).map(({ auth }) => auth) : [];
};

/**
 * The logins to try for a repository (`host/path`), in order: those of the pod's pull secrets, most specific registry first, then those
 * of the node. Equal logins appear once. Matching is the reference's: host labels by glob, equal port, path by prefix
 * (pkg/credentialprovider/keyring.go).
 */
export const lookUpCredentials = (
  repository: string,
  sources: { readonly pullSecrets: readonly DockerConfig[]; readonly node: DockerConfig | undefined },
): readonly RegistryAuth[] => {
  const fromSecrets = lookUpIn(
    sources.pullSecrets.flatMap((config) => config.entries),
    repository,
  );
  const fromNode = lookUpIn(sources.node?.entries ?? [], repository);
  const unique = new Map([...fromSecrets, ...fromNode].map((auth) => [authKey(auth), auth]));
  return [...unique.values()];
};

/** Tells one list of logins from another without keeping them: a digest, never to be logged. */
export const fingerprintCredentials = (credentials: readonly RegistryAuth[]): string =>
  createHash("sha256")
    .update(JSON.stringify(credentials.map(authKey)))
    .digest("base64");
