import { expandVariables, podRef } from "@nk/pod-model";
import type { ConfigMapKeySelector, Container, EnvFromSource, EnvVar, FileKeySelector, Pod } from "@nk/pod-model";
import type { ReadEnvFileValue } from "./env-file.ts";
import { resolveFieldRef } from "./field-ref.ts";
import type { NodeFacts } from "./node-facts.ts";
import { rejectConfig } from "./reject.ts";
import { resolveResourceFieldRef } from "./resource-field-ref.ts";
import { computeServiceEnv } from "./service-env.ts";

/** Keys and values of one ConfigMap or Secret (decoded). */
export type EnvData = ReadonlyMap<string, string>;

/** The objects of the pod's namespace that its containers' environments refer to; one that does not exist is not in the map. */
export interface EnvObjects {
  readonly configMaps: ReadonlyMap<string, EnvData>;
  readonly secrets: ReadonlyMap<string, EnvData>;
}

/** What a fileKeyRef leads to: a file of a mounted volume with its path on the host, a volume that is not there, or nothing readable. */
export type EnvFile =
  | { readonly status: "read"; readonly hostPath: string; readonly valueOf: ReadEnvFileValue }
  | { readonly status: "no-volume" }
  | { readonly status: "unreadable" };

/** Finds what was read for a fileKeyRef; for one file always the same. */
export type EnvFileLookup = (file: { readonly volumeName: string; readonly path: string }) => EnvFile;

/** What a container's environment is made of. */
export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIps: readonly string[];
  readonly node: Pick<NodeFacts, "allocatable" | "nodeIps" | "services">;
  /** Absent without an API server: any reference to an object is then an error. */
  readonly objects?: EnvObjects;
  /** Absent where nothing was read: any fileKeyRef is then an error. */
  readonly envFile?: EnvFileLookup;
}

type ObjectKind = "configMap" | "secret";

/** The object's data; undefined when it does not exist and need not. */
const readObject = (
  input: EnvironmentInput,
  ref: { readonly kind: ObjectKind; readonly name: string; readonly optional: boolean },
): EnvData | undefined => {
  if (input.objects === undefined) {
    throw rejectConfig(`couldn't get ${ref.kind} ${podRef(input.pod).namespace}/${ref.name}, no kubeClient defined`);
  }
  const data = (ref.kind === "configMap" ? input.objects.configMaps : input.objects.secrets).get(ref.name);
  if (data === undefined && !ref.optional) throw rejectConfig(`${ref.kind.toLowerCase()} ${JSON.stringify(ref.name)} not found`);
  return data;
};

const readKey = (input: EnvironmentInput, kind: ObjectKind, selector: ConfigMapKeySelector): string | undefined => {
  const { name = "", key, optional = false } = selector;
  const value = readObject(input, { kind, name, optional })?.get(key);
  if (value === undefined && !optional) {
    const shownKind = kind === "configMap" ? "ConfigMap" : "Secret";
    throw rejectConfig(`couldn't find key ${key} in ${shownKind} ${podRef(input.pod).namespace}/${name}`);
  }
  return value;
};

const readEnvFrom = (input: EnvironmentInput, source: EnvFromSource): readonly (readonly [string, string])[] => {
  const kind = source.configMapRef === undefined ? "secret" : "configMap";
  const ref = source.configMapRef ?? source.secretRef;
  if (ref === undefined) return [];
  const data = readObject(input, { kind, name: ref.name ?? "", optional: ref.optional ?? false });
  return [...(data ?? [])].map(([key, value]) => [`${source.prefix ?? ""}${key}`, value]);
};

const valueInFile = (valueOf: ReadEnvFileValue, key: string): string => {
  try {
    return valueOf(key);
  } catch {
    throw rejectConfig("couldn't parse env file");
  }
};

const readFileKey = (input: EnvironmentInput, selector: FileKeySelector): string | undefined => {
  const { volumeName, path, key, optional = false } = selector;
  const file = input.envFile?.({ volumeName, path }) ?? { status: "unreadable" };
  if (file.status === "no-volume") throw rejectConfig(`cannot find the volume ${JSON.stringify(volumeName)} referenced by FileKeyRef`);
  if (file.status === "unreadable") throw rejectConfig("couldn't parse env file");
  const value = valueInFile(file.valueOf, key);
  if (value !== "") return value;
  if (optional) return undefined;
  throw rejectConfig(`environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(file.hostPath)}`);
};

/** The value of one variable; undefined when it comes from something optional that does not exist. */
const resolveVariable = (variable: EnvVar, input: EnvironmentInput, lookup: (name: string) => string | undefined): string | undefined => {
  const { value = "", valueFrom } = variable;
  if (value !== "") return expandVariables(value, lookup);
  if (valueFrom?.fieldRef !== undefined) {
    return resolveFieldRef(valueFrom.fieldRef.fieldPath, input.pod, { podIps: input.podIps, nodeIps: input.node.nodeIps });
  }
  if (valueFrom?.resourceFieldRef !== undefined) {
    const { pod, container, node } = input;
    return resolveResourceFieldRef(valueFrom.resourceFieldRef, { pod, container, allocatable: node.allocatable });
  }
  if (valueFrom?.configMapKeyRef !== undefined) return readKey(input, "configMap", valueFrom.configMapKeyRef);
  if (valueFrom?.secretKeyRef !== undefined) return readKey(input, "secret", valueFrom.secretKeyRef);
  if (valueFrom?.fileKeyRef !== undefined) return readFileKey(input, valueFrom.fileKeyRef);
  return "";
};

/** Of the texts of one kind together, in UTF-16 units: the longest request that containerd and CRI-O take. */
const MAX_LENGTH = 16 * 1024 * 1024;

/**
 * Refuses what no runtime takes before it is copied even once: variables can name one another, and a kilobyte of them can stand for more
 * than the machine's memory.
 */
export const checkLength = (texts: Iterable<string>, what: string): void => {
  let length = 0;
  for (const text of texts) length += text.length;
  if (length > MAX_LENGTH) throw rejectConfig(`${what} longer than ${MAX_LENGTH} bytes after variables were expanded`);
};

/** Runtimes refuse such a value, too, but they quote it in what they say of it, and it may be a Secret's. */
const checkValues = (env: ReadonlyMap<string, string>): void => {
  for (const [name, value] of env) {
    if (value.includes("\0")) throw rejectConfig(`value of environment variable ${JSON.stringify(name)} contains a NUL byte`);
  }
};

/**
 * A container's environment: envFrom, then env, then the service variables whose names are free; a later value of a name replaces an
 * earlier one (makeEnvironmentVariables, pkg/kubelet/kubelet_pods.go; kubelet-facts 7). The order is that of the spec; the reference's is
 * random. Rejects references to what does not exist, and values that no environment can hold.
 */
export const buildEnvironment = (input: EnvironmentInput): ReadonlyMap<string, string> => {
  const { enableServiceLinks } = input.pod.spec ?? {};
  if (enableServiceLinks === undefined) throw rejectConfig("nil pod.spec.enableServiceLinks encountered, cannot construct envvars");
  const serviceEnv = computeServiceEnv(input.node.services, { namespace: podRef(input.pod).namespace, enableServiceLinks });
  const env = new Map((input.container.envFrom ?? []).flatMap((source) => readEnvFrom(input, source)));
  const lookup = (name: string): string | undefined => env.get(name) ?? serviceEnv.get(name);
  for (const variable of input.container.env ?? []) {
    const value = resolveVariable(variable, input, lookup);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of serviceEnv) if (!env.has(name)) env.set(name, value);
  checkLength(env.values(), "environment is");
  checkValues(env);
  return env;
};
