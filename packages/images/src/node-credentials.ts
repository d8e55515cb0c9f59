import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@nk/stdx";
import { noopLogger } from "@nk/stdx";
import type { DockerConfig, DockerConfigFormat } from "./docker-config.ts";
import { parseDockerConfig } from "./docker-config.ts";
import type { CredentialPort } from "./ports.ts";

const MAX_FILE_BYTES = 1024 * 1024;

export interface CredentialFile {
  readonly path: string;
  readonly format: DockerConfigFormat;
}

/** Directories that may hold the node's docker configuration; an absent one is not looked into. */
export interface CredentialDirectories {
  /** The kubelet's root directory, e.g. /var/lib/kubelet. */
  readonly rootDir?: string;
  readonly workingDir?: string;
  readonly homeDir?: string;
}

/** The places the reference looks, in its order (pkg/credentialprovider/config.go): every config.json, then every .dockercfg. */
export const listCredentialFiles = (directories: CredentialDirectories): readonly CredentialFile[] => {
  const { rootDir, workingDir, homeDir } = directories;
  const own = [rootDir, workingDir].filter((path) => path !== undefined);
  const home = homeDir === undefined ? [] : [homeDir];
  return [
    ...[...own, ...home.map((path) => join(path, ".docker")), "/.docker"].map((path): CredentialFile => ({
      path: join(path, "config.json"),
      format: "config.json",
    })),
    ...[...own, ...home, "/"].map((path): CredentialFile => ({ path: join(path, ".dockercfg"), format: "dockercfg" })),
  ];
};

const readCredentialFile = async (path: string, signal: AbortSignal | undefined): Promise<string | undefined> => {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return undefined;
    return await readFile(path, { encoding: "utf8", ...(signal && { signal }) });
  } catch {
    signal?.throwIfAborted();
    // Absent or unreadable: the next place may have it.
    return undefined;
  }
};

/**
 * The node's docker configuration: the first of the files that exists and can be parsed, read anew at each pull so that a rotated login
 * needs no restart. A file over 1 MiB is ignored.
 */
export const createFileCredentials = (files: readonly CredentialFile[], options: { readonly logger?: Logger } = {}): CredentialPort => {
  const logger = options.logger ?? noopLogger;
  return {
    load: async ({ signal }): Promise<DockerConfig> => {
      for (const file of files) {
        const source = await readCredentialFile(file.path, signal);
        if (source === undefined) continue;
        const config = parseDockerConfig(source, file.format);
        if (config.problems.length > 0) logger.warn("docker configuration has problems", { path: file.path, problems: config.problems });
        if (config.entries.length > 0 || config.problems.length === 0) return config;
      }
      return { entries: [], problems: [] };
    },
  };
};
