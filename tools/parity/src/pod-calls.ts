import { toProtoJson } from "@nk/tool-recordings";
import type { Json, JsonObject, ProxiedCall } from "@nk/tool-recordings";

/** A call to the runtime as the recordings hold it, before placeholders. */
export interface PodCall {
  readonly method: string;
  readonly req: JsonObject;
  readonly res?: JsonObject;
  readonly err?: JsonObject;
  /** On the monotonic clock; 0 in a recording. */
  readonly answeredAtMs: number;
}

/** The calls of one pod, and the ids in them with their placeholders. */
export interface PodCalls {
  readonly calls: readonly PodCall[];
  readonly words: readonly (readonly [string, string])[];
}

/** What the recorder kept: calls that change something, and commands in containers. */
const KEPT: ReadonlySet<string> = new Set([
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "CreateContainer",
  "StartContainer",
  "StopContainer",
  "RemoveContainer",
  "UpdateContainerResources",
  "UpdatePodSandboxResources",
  "PullImage",
  "RemoveImage",
  "ExecSync",
]);

const objectAt = (value: Json | undefined, key: string): JsonObject => {
  const inner = typeof value === "object" && !Array.isArray(value) ? (value as JsonObject)[key] : undefined;
  return typeof inner === "object" && !Array.isArray(inner) ? (inner as JsonObject) : {};
};

const textAt = (value: Json | undefined, key: string): string => {
  const inner = typeof value === "object" && !Array.isArray(value) ? (value as JsonObject)[key] : undefined;
  return typeof inner === "string" ? inner : "";
};

const withoutKey = (object: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

const converted = new WeakMap<ProxiedCall, PodCall>();

/** The same calls are looked at many times while a scenario runs. */
const toPodCall = (proxied: ProxiedCall): PodCall => {
  const known = converted.get(proxied) ?? convert(proxied);
  converted.set(proxied, known);
  return known;
};

/** The recorder leaves out answers that say nothing but success. */
const convert = ({ method, request, response, error, answeredAtMs }: ProxiedCall): PodCall => {
  const whole = toProtoJson(request);
  const req = method === "CreateContainer" ? withoutKey(whole, "sandbox_config") : whole;
  if (error !== undefined) return { method, req, err: { code: error.code, details: error.details }, answeredAtMs };
  const hasAnswer = method === "RunPodSandbox" || method === "CreateContainer";
  return { method, req, ...(hasAnswer ? { res: toProtoJson(response) } : {}), answeredAtMs };
};

/** Picks the calls that are about the pod with this uid: by the uid in configurations, and by ids in earlier answers. */
export const pickPodCalls = (all: readonly ProxiedCall[], uid: string): PodCalls => {
  const words: [string, string][] = [];
  const ids = new Set<string>();
  let sandboxes = 0;
  const calls = all.flatMap((proxied): readonly PodCall[] => {
    if (!KEPT.has(proxied.method)) return [];
    const call = toPodCall(proxied);
    const { method, req, res } = call;
    const isOurs =
      textAt(objectAt(objectAt(req, "config"), "metadata"), "uid") === uid ||
      textAt(objectAt(objectAt(req, "sandbox_config"), "metadata"), "uid") === uid ||
      ids.has(textAt(req, "pod_sandbox_id")) ||
      ids.has(textAt(req, "container_id"));
    if (!isOurs) return [];
    if (method === "RunPodSandbox" && res !== undefined) {
      const id = textAt(res, "pod_sandbox_id");
      ids.add(id);
      words.push([id, `<sandbox${sandboxes++}>`]);
    }
    if (method === "CreateContainer" && res !== undefined) {
      const id = textAt(res, "container_id");
      const metadata = objectAt(objectAt(req, "config"), "metadata");
      ids.add(id);
      words.push([id, `<container ${textAt(metadata, "name")} ${Number(metadata["attempt"] ?? 0)}>`]);
    }
    return [call];
  });
  return { calls, words };
};

/** What a call is about: a container with its attempt, or the sandbox; for a call whose ids have their placeholders. */
export const subjectOf = ({ method, req }: Pick<PodCall, "method" | "req">): string => {
  if (method === "PullImage") return textAt(objectAt(req, "image"), "image");
  if (method === "RunPodSandbox") return `sandbox ${Number(objectAt(objectAt(req, "config"), "metadata")["attempt"] ?? 0)}`;
  if (method === "CreateContainer") {
    const metadata = objectAt(objectAt(req, "config"), "metadata");
    return `${textAt(metadata, "name")} ${Number(metadata["attempt"] ?? 0)}`;
  }
  const id = textAt(req, "container_id") || textAt(req, "pod_sandbox_id");
  return id.replace(/^<(?:container )?(.*)>$/u, "$1");
};
