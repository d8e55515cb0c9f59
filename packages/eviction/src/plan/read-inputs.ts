import { isPodModelError, parseResources } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { EvictionError } from "../errors.ts";
import type { Summary } from "../summary.ts";
import type { ThresholdTexts } from "../thresholds.ts";
import { checkShape } from "./check-shape.ts";
import type { Shape } from "./check-shape.ts";

const invalid = (where: string, why: string): EvictionError => new EvictionError("invalid-input", `read ${where}: ${why}`, { where });

const lineAndColumn = (text: string, at: number): string => {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
};

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** No object of Kubernetes is nested as deep. */
const MAX_DEPTH = 100;

/** In Go's JSON a field that is null is absent. */
const withoutNulls = (value: unknown, place: { readonly where: string; readonly depth: number }): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (place.depth > MAX_DEPTH) throw invalid(place.where, `nested deeper than ${MAX_DEPTH} levels`);
  const below = { ...place, depth: place.depth + 1 };
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item, below));
  return Object.fromEntries(Object.entries(value).flatMap(([name, child]) => (child === null ? [] : [[name, withoutNulls(child, below)]])));
};

/** The engine's message quotes the document, which may hold what nobody should read in a log; only the place is taken from it. */
const parseJson = (text: string, where: string): unknown => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const position = error instanceof Error ? /position (\d+)/u.exec(error.message)?.[1] : undefined;
    const ending = text.trim() === "" ? "it is empty" : "it ends too early";
    throw invalid(where, `no JSON: ${position === undefined ? ending : lineAndColumn(text, Number(position))}`);
  }
  return withoutNulls(document, { where, depth: 0 });
};

const checkAmounts = (pod: Pod, path: string, where: string): void => {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const holders = [pod.spec?.resources, ...containers.map(({ resources }) => resources)];
  try {
    for (const resources of holders) for (const side of ["requests", "limits"] as const) parseResources(resources?.[side]);
    parseResources(pod.spec?.overhead);
    for (const { emptyDir } of pod.spec?.volumes ?? []) if (emptyDir?.sizeLimit !== undefined) parseResources({ size: emptyDir.sizeLimit });
  } catch (error) {
    throw isPodModelError(error) ? invalid(where, `${path}: ${error.message}`) : error;
  }
};

const AMOUNTS: Shape = { fields: { requests: { map: "text" }, limits: { map: "text" } } };
const POD_CONTAINERS: Shape = {
  list: { fields: { name: "text", restartPolicy: "text", resources: AMOUNTS }, required: ["name"] },
};
/** What this package reads of a pod; a pod of a newer API server has more. */
const POD: Shape = {
  fields: {
    metadata: {
      fields: { name: "text", namespace: "text", uid: "text", creationTimestamp: "text", annotations: { map: "text" } },
      required: ["name"],
    },
    spec: {
      fields: {
        nodeName: "text",
        priority: "number",
        terminationGracePeriodSeconds: "number",
        containers: POD_CONTAINERS,
        initContainers: POD_CONTAINERS,
        resources: AMOUNTS,
        overhead: { map: "text" },
        tolerations: { list: { fields: { key: "text", operator: "text", value: "text", effect: "text" } } },
        volumes: {
          list: { fields: { name: "text", emptyDir: { fields: { medium: "text", sizeLimit: "text" } } }, required: ["name"] },
        },
      },
      required: ["containers"],
    },
    status: { fields: { phase: "text" } },
  },
  required: ["metadata", "spec"],
};

const checkPod = (value: unknown, path: string, where: string): Pod => {
  if (!isObject(value)) throw invalid(where, `${path} is not an object`);
  checkShape(value, POD, { where, path });
  const pod = value as Pod;
  checkAmounts(pod, path, where);
  return pod;
};

/** Reads a PodList, a List of pods, a bare list or one pod: what `kubectl get pods -o json` and a kubelet's GET /pods print. Throws `invalid-input`. */
export const readPods = (text: string, where: string): readonly Pod[] => {
  const document = parseJson(text, where);
  if (Array.isArray(document)) return document.map((item, index) => checkPod(item, `[${index}]`, where));
  if (!isObject(document)) throw invalid(where, "neither a PodList nor a Pod");
  if ("items" in document || document["kind"] === "PodList" || document["kind"] === "List") {
    const items = document["items"] ?? [];
    if (!Array.isArray(items)) throw invalid(where, "items is not a list");
    return items.map((item, index) => checkPod(item, `items[${index}]`, where));
  }
  if (document["kind"] !== undefined && document["kind"] !== "Pod")
    throw invalid(where, `kind is ${JSON.stringify(document["kind"]).slice(0, 100)}, not Pod or PodList`);
  return [checkPod(document, "the pod", where)];
};

const FS: Shape = {
  fields: {
    time: "text",
    availableBytes: "amount",
    capacityBytes: "amount",
    usedBytes: "amount",
    inodesFree: "amount",
    inodes: "amount",
    inodesUsed: "amount",
  },
};
const MEMORY: Shape = { fields: { time: "text", availableBytes: "amount", workingSetBytes: "amount" } };
const CONTAINERS: Shape = {
  list: { fields: { name: "text", memory: MEMORY, rootfs: FS, logs: FS }, required: ["name"] },
};
const SUMMARY: Shape = {
  fields: {
    node: {
      fields: {
        nodeName: "text",
        systemContainers: CONTAINERS,
        memory: MEMORY,
        fs: FS,
        runtime: { fields: { imageFs: FS, containerFs: FS } },
        rlimit: { fields: { time: "text", maxpid: "amount", curproc: "amount" } },
      },
    },
    pods: {
      list: {
        fields: {
          podRef: { fields: { name: "text", namespace: "text", uid: "text" }, required: ["uid"] },
          containers: CONTAINERS,
          memory: MEMORY,
          volume: { list: { fields: { ...FS.fields, name: "text" }, required: ["name"] } },
          "ephemeral-storage": FS,
          process_stats: { fields: { process_count: "amount" } },
        },
        required: ["podRef"],
      },
    },
  },
  required: ["node"],
};

/** Reads a kubelet's GET /stats/summary. Throws `invalid-input`. */
export const readSummary = (text: string, where: string): Summary => {
  const document = parseJson(text, where);
  if (!isObject(document)) throw invalid(where, "no summary of stats");
  checkShape(document, SUMMARY, { where });
  return document as unknown as Summary;
};

/** What a configuration says about eviction. */
export interface EvictionConfig extends ThresholdTexts {
  readonly evictionMaxPodGracePeriod?: number;
}

const CONFIG: Shape = {
  fields: {
    evictionHard: { map: "text" },
    evictionSoft: { map: "text" },
    evictionSoftGracePeriod: { map: "text" },
    evictionMinimumReclaim: { map: "text" },
    evictionMaxPodGracePeriod: "amount",
    enforceNodeAllocatable: { list: "text" },
  },
};

/** Reads the eviction part of a KubeletConfiguration as JSON, or of a kubelet's GET /configz. Throws `invalid-input`. */
export const readConfig = (text: string, where: string): EvictionConfig => {
  const document = parseJson(text, where);
  const config = isObject(document) && isObject(document["kubeletconfig"]) ? document["kubeletconfig"] : document;
  if (!isObject(config)) throw invalid(where, "no KubeletConfiguration");
  if (config["kind"] !== undefined && config["kind"] !== "KubeletConfiguration")
    throw invalid(where, `kind is ${JSON.stringify(config["kind"]).slice(0, 100)}, not KubeletConfiguration`);
  checkShape(config, CONFIG, { where });
  const stated = Object.entries(config).filter(([name, value]) => Object.hasOwn(CONFIG.fields, name) && value !== null);
  return Object.fromEntries(stated) as EvictionConfig;
};
