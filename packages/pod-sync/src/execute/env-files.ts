import type { Container } from "@nk/pod-model";
import { posix } from "node:path";
import type { EnvFile, EnvFileLookup } from "../config/environment.ts";
import type { PreparedVolumes } from "../ports.ts";
import type { PodPass } from "./sync-context.ts";

type FileRef = Parameters<EnvFileLookup>[0];

const keyOf = ({ volumeName, path }: FileRef): string => `${volumeName}\0${path}`;

const readOne = async (pass: PodPass, { volumeName, path }: FileRef, { volumes }: PreparedVolumes): Promise<EnvFile> => {
  const volume = volumes.get(volumeName);
  if (volume === undefined) return { status: "no-volume" };
  const { hostPath: volumeHostPath } = volume;
  try {
    const text = await pass.ports.extras?.envFile?.({ volumeHostPath, path }, { signal: pass.signal });
    if (text !== undefined) return { status: "read", hostPath: posix.join(volumeHostPath, path), text };
  } catch (error) {
    pass.signal.throwIfAborted();
    // The pod's owner is told that it cannot be read, and no more: what a path leads to is the node's.
    pass.logger.warn("env file could not be read", { pod: pass.ref, volume: volumeName, path, error });
  }
  return { status: "unreadable" };
};

/** Reads each file that the container's environment refers to, once. Undefined when it refers to none. */
export const readEnvFiles = async (pass: PodPass, container: Container, volumes: PreparedVolumes): Promise<EnvFileLookup | undefined> => {
  const refs = (container.env ?? []).flatMap(({ valueFrom }) => (valueFrom?.fileKeyRef === undefined ? [] : [valueFrom.fileKeyRef]));
  if (refs.length === 0) return undefined;
  const files = new Map<string, EnvFile>();
  for (const ref of refs) if (!files.has(keyOf(ref))) files.set(keyOf(ref), await readOne(pass, ref, volumes));
  return (ref) => files.get(keyOf(ref)) ?? { status: "unreadable" };
};
