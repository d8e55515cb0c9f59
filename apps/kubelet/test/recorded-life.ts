import type { Pod } from "@nk/pod-model";
import { toProtoJson } from "@nk/tool-recordings";
import type { Json, JsonObject, ProxiedCall, ShownPod, StandaloneStep } from "@nk/tool-recordings";

/** A request of one step, by whose life it belongs to. */
export interface LifeCall {
  readonly step: number;
  /** Pod name and how many of that name came before: `s01-node-1#0`. */
  readonly life: string;
  readonly method: string;
  /** The container's name, or "" for the sandbox. */
  readonly subject: string;
  readonly request: Json;
}

/** The folders that differ between two hosts. */
export interface HostPaths {
  readonly rootDir: string;
  readonly podLogsDir: string;
  readonly cgroupRoot: string;
}

interface RawCall {
  readonly step: number;
  readonly method: string;
  readonly req: JsonObject;
  readonly res: JsonObject;
}

const MUTATING: ReadonlySet<string> = new Set([
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "CreateContainer",
  "StartContainer",
  "StopContainer",
  "RemoveContainer",
  "UpdateContainerResources",
  "PullImage",
  "RemoveImage",
]);

const object = (value: Json | undefined): JsonObject => (typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : {});

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** What is different in every run is replaced by a word for it. */
const normalise = (value: Json, words: ReadonlyMap<string, string>): Json => {
  if (typeof value === "string") {
    let result = value;
    for (const [from, to] of words) result = result.replaceAll(from, to);
    return result.replace(/sha256:[0-9a-f]{64}/u, "sha256:<digest>").replace(/(\/containers\/[^/]+\/)[0-9a-f]{8}$/u, "$1<8 hex>");
  }
  if (Array.isArray(value)) return value.map((element: Json) => normalise(element, words));
  if (typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, element]): readonly (readonly [string, Json])[] => {
        // The recorder left it out: it equals the config of RunPodSandbox.
        if (key === "sandbox_config") return [];
        if (key === "kubernetes.io/config.seen") return [[key, "<time>"]];
        if (key === "envs" && Array.isArray(element))
          return [[key, normalise(element, words)].map((one) => (Array.isArray(one) ? one.toSorted(byKey) : one)) as [string, Json]];
        return [[key, normalise(element, words)]];
      }),
  );
};

const byKey = (a: Json, b: Json): number => (text(object(a)["key"]) < text(object(b)["key"]) ? -1 : 1);

/** Sorts calls into the lives of pods: a pod's life begins with its RunPodSandbox. */
const toLives = (calls: readonly RawCall[], words: Map<string, string>): readonly LifeCall[] => {
  const seen = new Map<string, number>();
  const lives = new Map<string, string>();
  const subjects = new Map<string, string>();
  return calls.map(({ step, method, req, res }): LifeCall => {
    const config = object(req["config"]);
    const metadata = object(config["metadata"]);
    if (method === "RunPodSandbox") {
      const name = text(metadata["name"]);
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      const uid = text(metadata["uid"]);
      // A UID that the manifest gives is a fact to match; the others hash what differs between implementations.
      if (!uid.includes("-")) words.set(uid, `<uid of ${name}#${count}>`);
      const id = text(res["pod_sandbox_id"]);
      words.set(id, `<sandbox of ${name}#${count}>`);
      lives.set(id, `${name}#${count}`);
      return { step, life: `${name}#${count}`, method, subject: "", request: normalise(req, words) };
    }
    if (method === "CreateContainer") {
      const uid = text(object(config["labels"])["io.kubernetes.pod.uid"]);
      const owner = text(object(config["labels"])["io.kubernetes.pod.name"]);
      const life = [...lives.values()].findLast((one) => one.startsWith(`${owner}#`)) ?? `${uid}?`;
      const subject = text(metadata["name"]);
      const id = text(res["container_id"]);
      // The recorder names a container after its pod, so that two lives share a name: the later one wins from here on.
      lives.set(id, life);
      subjects.set(id, subject);
      if (!id.startsWith("<")) words.set(id, `<container ${owner} ${subject} ${Number(metadata["attempt"] ?? 0)}>`);
      return { step, life, method, subject, request: normalise(req, words) };
    }
    const id = text(req["container_id"]) || text(req["pod_sandbox_id"]);
    return { step, life: lives.get(id) ?? `unknown ${id}`, method, subject: subjects.get(id) ?? "", request: normalise(req, words) };
  });
};

/** The recording's requests. */
export const livesOfRecording = (steps: readonly StandaloneStep[]): readonly LifeCall[] =>
  toLives(
    steps.flatMap(({ cri }, step) => cri.map(({ method, req, res }) => ({ step, method, req, res: res ?? {} }))),
    new Map(),
  );

/** Our own requests, spelled as the recording spells them; `stepOf` says in which step the call with that index was made. */
export const livesOfCalls = (
  calls: readonly ProxiedCall[],
  options: { readonly paths: HostPaths; readonly stepOf: (index: number) => number },
): readonly LifeCall[] => {
  const { paths, stepOf } = options;
  const words = new Map([
    [paths.podLogsDir, "/var/log/pods"],
    [paths.rootDir, "/var/lib/kubelet"],
    [`${paths.cgroupRoot}/kubepods`, "/kubepods"],
  ]);
  const raw = calls.flatMap(({ method, request, response }, index): readonly RawCall[] =>
    MUTATING.has(method)
      ? [{ step: stepOf(index), method, req: withoutPodSandboxId(method, toProtoJson(request)), res: toProtoJson(response) }]
      : [],
  );
  return toLives(raw, words);
};

/** The recorder dropped from CreateContainer what only says where it goes. */
const withoutPodSandboxId = (method: string, request: JsonObject): JsonObject =>
  method === "CreateContainer" ? Object.fromEntries(Object.entries(request).filter(([key]) => key !== "pod_sandbox_id")) : request;

/** The part of a pod that the recording keeps. */
export const toShownPod = (pod: Pod, recorded: ShownPod | undefined): ShownPod => {
  const { metadata, spec, status } = pod;
  const uid = metadata?.uid ?? "";
  const hidden = uid.includes("-") ? uid : "<uid>";
  const states = status?.containerStatuses?.map(({ name, state, restartCount }) => ({
    name,
    state: Object.keys(state ?? {})[0] ?? "",
    restartCount,
  }));
  const annotations = Object.entries(metadata?.annotations ?? {}).map(([key, value]) => [
    key,
    key === "kubernetes.io/config.seen" ? "<time>" : value.replaceAll(uid, hidden),
  ]);
  const fields = Object.keys(recorded?.spec ?? {});
  return {
    metadata: {
      name: metadata?.name ?? "",
      namespace: metadata?.namespace ?? "",
      uid: hidden,
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: Object.fromEntries(annotations) as { readonly [key: string]: string },
    },
    spec: Object.fromEntries(Object.entries(spec ?? {}).filter(([field]) => fields.includes(field))),
    ...(status?.phase === undefined ? {} : { phase: status.phase }),
    ...(status?.qosClass === undefined ? {} : { qosClass: status.qosClass }),
    ...(states === undefined || states.length === 0 ? {} : { containers: states }),
  };
};

/** A recorded pod without what differs in every run. */
export const withoutRun = (pod: ShownPod): ShownPod => {
  const { uid } = pod.metadata;
  if (uid.includes("-")) return pod;
  return JSON.parse(JSON.stringify(pod).replaceAll(uid, "<uid>")) as ShownPod;
};
