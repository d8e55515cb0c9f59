import { isIP } from "node:net";
import { isAbsolute, normalize } from "node:path";
import { KubeletConfigError } from "./errors.ts";
import { isJsonObject } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";
import type { ApiClientSettings, NodeSettings, ServerSettings, TaintSetting } from "./settings.ts";
import { readMap } from "./value-reader.ts";
import type { ValueReader } from "./value-reader.ts";

type Flags = ReadonlyMap<string, JsonValue>;

const textMap = (value: { readonly [key: string]: JsonValue }): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(value).map(([key, text]) => [key, typeof text === "string" ? text : ""]));

/** Keys below kubernetes.io and k8s.io that a node may give itself (reference: kubelet/apis/well_known_labels.go). */
const OWN_LABELS: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);

const OWN_LABEL_DOMAINS = ["kubelet.kubernetes.io", "node.kubernetes.io"];

const isBelow = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

const mayLabel = (key: string): boolean => {
  const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (!isBelow(domain, "kubernetes.io") && !isBelow(domain, "k8s.io")) return true;
  return OWN_LABELS.has(key) || OWN_LABEL_DOMAINS.some((parent) => isBelow(domain, parent));
};

const QUALIFIED_NAME = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

const readLabels = (flags: Flags): { readonly [key: string]: string } => {
  const value = flags.get("node-labels");
  const labels = isJsonObject(value) ? textMap(value) : {};
  for (const [key, text] of Object.entries(labels)) {
    const fail = (why: string): never => {
      throw new KubeletConfigError("invalid-flag", `--node-labels: ${JSON.stringify(key)} ${why}`, { field: "--node-labels" });
    };
    if (!mayLabel(key)) fail("is a label below kubernetes.io or k8s.io that a kubelet may not set");
    if (!QUALIFIED_NAME.test(key)) fail("is not the name of a label");
    if (!LABEL_VALUE.test(text)) fail(`has a value that no label can have: ${JSON.stringify(text)}`);
  }
  return labels;
};

const EFFECTS: ReadonlySet<string> = new Set(["NoSchedule", "PreferNoSchedule", "NoExecute"]);
const isEffect = (text: string): text is TaintSetting["effect"] => EFFECTS.has(text);

/** `key=value:effect` or `key:effect`, as the flag has it. */
const parseTaint = (text: string): { readonly key: string; readonly value: string; readonly effect: string } => {
  const colon = text.lastIndexOf(":");
  const [key = "", value = ""] = text.slice(0, Math.max(colon, 0)).split("=", 2);
  return { key, value, effect: text.slice(colon + 1) };
};

const readTaints = (reader: ValueReader): readonly TaintSetting[] => {
  const value = reader.json("registerWithTaints");
  if (value === undefined || value === null || value === "") return [];
  const list: readonly JsonValue[] = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [value];
  const taints = list.map((item): TaintSetting => {
    const { key, value: text, effect } = typeof item === "string" ? parseTaint(item) : isJsonObject(item) ? item : {};
    const isText = text === undefined || text === null || typeof text === "string";
    if (typeof key !== "string" || !QUALIFIED_NAME.test(key) || !isText || typeof effect !== "string" || !isEffect(effect))
      throw reader.invalid("registerWithTaints", `holds ${JSON.stringify(item)}, which is no taint: it needs a key and an effect`);
    return { key, value: text ?? "", effect };
  });
  const seen = new Set<string>();
  for (const { key, effect } of taints) {
    if (seen.has(`${key}:${effect}`)) throw reader.invalid("registerWithTaints", `names the taint ${key}:${effect} twice`);
    seen.add(`${key}:${effect}`);
  }
  return taints;
};

const readCloudProvider = (flags: Flags): boolean => {
  const value = flags.get("cloud-provider") ?? "";
  if (value !== "" && value !== "external")
    throw new KubeletConfigError("invalid-flag", '--cloud-provider must be "" or "external"', { field: "--cloud-provider" });
  return value === "external";
};

/** Settings of the Node object. */
export const nodeSettings = (reader: ValueReader, flags: Flags, wasSet: (path: string) => boolean): NodeSettings => {
  const ips = flags.get("node-ip");
  const updateMs = reader.durationMs("nodeStatusUpdateFrequency");
  const isUpdateSetAlone = wasSet("nodeStatusUpdateFrequency") && !wasSet("nodeStatusReportFrequency");
  return {
    register: reader.bool("registerNode"),
    labels: readLabels(flags),
    taints: readTaints(reader),
    providerId: reader.text("providerID"),
    hasExternalCloudProvider: readCloudProvider(flags),
    requestedIps: Array.isArray(ips) ? ips.map(String).filter((ip) => isIP(ip) !== 0) : [],
    statusUpdateMs: updateMs,
    statusReportMs: isUpdateSetAlone ? updateMs : reader.durationMs("nodeStatusReportFrequency"),
    leaseDurationSeconds: reader.int("nodeLeaseDurationSeconds"),
    maxImages: reader.int("nodeStatusMaxImages"),
    maxPods: reader.int("maxPods"),
    podsPerCore: reader.int("podsPerCore"),
    systemReserved: textMap(readMap(reader, "systemReserved")),
    kubeReserved: textMap(readMap(reader, "kubeReserved")),
    evictionHard: textMap(readMap(reader, "evictionHard")),
    enableControllerAttachDetach: reader.bool("enableControllerAttachDetach"),
  };
};

/** Settings of the client of the API server. */
export const apiClientSettings = (reader: ValueReader): ApiClientSettings => {
  const strategy = reader.text("configMapAndSecretChangeDetectionStrategy");
  return {
    qps: reader.int("kubeAPIQPS"),
    burst: reader.int("kubeAPIBurst"),
    eventQps: reader.int("eventRecordQPS"),
    eventBurst: reader.int("eventBurst"),
    changeDetection: strategy === "Get" || strategy === "Cache" ? strategy : "Watch",
  };
};

/** Settings of the kubelet's own server. */
export const serverSettings = (reader: ValueReader): ServerSettings => ({
  port: reader.int("port"),
  tlsCertFile: reader.text("tlsCertFile"),
  tlsPrivateKeyFile: reader.text("tlsPrivateKeyFile"),
  tlsCipherSuites: reader.strings("tlsCipherSuites"),
  tlsMinVersion: reader.text("tlsMinVersion"),
  clientCaFile: reader.text("authentication.x509.clientCAFile"),
  allowAnonymous: reader.bool("authentication.anonymous.enabled"),
  tokenReview: { enabled: reader.bool("authentication.webhook.enabled"), cacheMs: reader.durationMs("authentication.webhook.cacheTTL") },
  authorization: {
    mode: reader.text("authorization.mode") === "AlwaysAllow" ? "AlwaysAllow" : "Webhook",
    cacheAuthorizedMs: reader.durationMs("authorization.webhook.cacheAuthorizedTTL"),
    cacheUnauthorizedMs: reader.durationMs("authorization.webhook.cacheUnauthorizedTTL"),
  },
  enableDebuggingHandlers: reader.bool("enableDebuggingHandlers"),
  enableSystemLogHandler: reader.bool("enableSystemLogHandler"),
  enableProfilingHandler: reader.bool("enableProfilingHandler"),
  enableDebugFlagsHandler: reader.bool("enableDebugFlagsHandler"),
});

/** An absolute path from a flag: others are told paths below it, and have another working directory. */
export const absolutePathFlag = (flags: Flags, name: string, fallback: string): string => {
  const value = flags.get(name);
  const path = typeof value === "string" && value !== "" ? value : fallback;
  if (!isAbsolute(path)) throw new KubeletConfigError("invalid-flag", `--${name} must be an absolute path`, { field: `--${name}` });
  return normalize(path);
};
