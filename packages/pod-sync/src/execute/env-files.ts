import type { Container } from "@nk/pod-model";
import { posix } from "node:path";
import { createEnvFileReader } from "../config/env-file.ts";
import type { EnvFile, EnvFileLookup } from "../config/environment.ts";
import type { PreparedVolumes } from "../ports.ts";
import type { PodPass } from "./sync-context.ts";

type FileRef = Parameters<EnvFileLookup>[0];

const keyOf = ({ volumeName, path }: FileRef): string => `${volumeName}\0${path}`;

/** Of all files together, in UTF-16 units; what a process can be given as its environment is a quarter of it by default. */
const MAX_LENGTH = 8 * 1024 * 1024;

/** What may still be read for one container: files are cheap to have many of, each can be a link to the same one. */
interface Budget {
  left: number;
}

const readOne = async (
  pass: PodPass,
  { volumeName, path }: FileRef,
  { volumes, budget }: { readonly volumes: PreparedVolumes["volumes"]; readonly budget: Budget },
): Promise<EnvFile> => {
  const volume = volumes.get(volumeName);
  if (volume === undefined) return { status: "no-volume" };
  const { hostPath: volumeHostPath } = volume;
  try {
    if (budget.left < 0) throw new Error("the container's env files are too large together");
    const text = await pass.ports.extras?.envFile?.({ volumeHostPath, path }, { signal: pass.signal });
    budget.left -= text?.length ?? 0;
    if (budget.left < 0) throw new Error("the container's env files are too large together");
    if (text !== undefined) return { status: "read", hostPath: posix.join(volumeHostPath, path), valueOf: createEnvFileReader(text) };
  } catch (error) {
    pass.signal.throwIfAborted();
    // The pod's owner is told that it cannot be read, and no more: what a path leads to is the node's.
    pass.logger.warn("env file could not be read", { pod: pass.ref, volume: volumeName, path, error });
  }
  return { status: "unreadable" };
};

/** Reads each file that the container's environment refers to, once. Undefined when it refers to none. */
export const readEnvFiles = async (
  pass: PodPass,
  container: Container,
  { volumes }: PreparedVolumes,
): Promise<EnvFileLookup | undefined> => {
  const refs = (container.env ?? []).flatMap(({ valueFrom }) => (valueFrom?.fileKeyRef === undefined ? [] : [valueFrom.fileKeyRef]));
  if (refs.length === 0) return undefined;
  const files = new Map<string, EnvFile>();
  const tools = { volumes, budget: { left: MAX_LENGTH } };
  for (const ref of refs) {
    if (files.has(keyOf(ref))) continue;
    const file = await readOne(pass, ref, tools);
    // One that cannot be read refuses the container, optional or not: the others need not be looked at.
    files.set(keyOf(ref), file);
    if (file.status === "unreadable") break;
  }
  return (ref) => files.get(keyOf(ref)) ?? { status: "unreadable" };
};
