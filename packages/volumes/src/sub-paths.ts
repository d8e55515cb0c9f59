import { podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { VolumesError } from "./errors.ts";
import { podPaths } from "./pod-paths.ts";
import type { MountPort } from "./ports.ts";

/** A sub-path that a container mounts instead of a whole volume. */
export interface SubPathRequest {
  readonly pod: Pod;
  readonly containerName: string;
  readonly volumeName: string;
  /** Where the volume lies on the host. */
  readonly volumeHostPath: string;
  /** Relative, variables expanded; untrusted. */
  readonly subPath: string;
  /** As the pod writes it, where variables were expanded. Messages show this and no cause's words: values may be a Secret's. */
  readonly subPathExpr?: string;
  /** The mount's place among the container's volumeMounts, counted from 0. */
  readonly mountIndex: number;
}

const describe = ({ volumeName, containerName }: SubPathRequest): string =>
  `volumeMount ${JSON.stringify(volumeName)} of container ${JSON.stringify(containerName)}`;

/** The codes of an error and its causes, without a word that could quote a path. */
const codesOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown";
  const code = "code" in error ? String(error.code) : error.name;
  return error.cause === undefined ? code : `${code}: ${codesOf(error.cause)}`;
};

const refuse = (message: string, cause?: unknown): VolumesError => new VolumesError("sub-path", message, { cause });

/** Binds a sub-path to a place of its own and returns that place. Texts as in the reference (makeMounts). Rejects with `sub-path`. */
export const bindSubPath = async (
  request: SubPathRequest,
  tools: { readonly rootDir: string; readonly mounts: MountPort | undefined; readonly signal?: AbortSignal | undefined },
): Promise<string> => {
  const { pod, volumeName, containerName, mountIndex, subPath, volumeHostPath } = request;
  const { rootDir, mounts, signal } = tools;
  const shown = request.subPathExpr ?? subPath;
  if (subPath.startsWith("/")) throw refuse(`error SubPath \`${shown}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) throw refuse(`unable to provision SubPath \`${shown}\`: must not contain '..'`);
  if (mounts === undefined) throw refuse(`failed to prepare subPath for ${describe(request)}: nothing can be mounted here`);
  const target = podPaths(rootDir, podRef(pod).uid).subPath({ volumeName, containerName, mountIndex });
  try {
    await mounts.bindSubPath({ root: volumeHostPath, subPath, target }, { signal });
    return target;
  } catch (error) {
    signal?.throwIfAborted();
    // What the path leads to on the node is not the pod's to know; the cause is for the log.
    throw refuse(
      `failed to prepare subPath for ${describe(request)}`,
      request.subPathExpr === undefined ? error : new Error(`cannot bind the sub-path ${shown} (${codesOf(error)})`),
    );
  }
};
