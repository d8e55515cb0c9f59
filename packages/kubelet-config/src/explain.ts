import type { EffectiveValue } from "./effective.ts";
import { CONFIG_FIELDS } from "./fields.ts";
import { isJsonObject } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";
import { MASK } from "./secret.ts";

const maskLeaves = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(() => MASK);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, maskLeaves(child)])) : MASK;
};

const showValue = (path: string, value: JsonValue): JsonValue => (CONFIG_FIELDS.get(path)?.isSecret === true ? maskLeaves(value) : value);

/** The values as people may see them: secret ones masked. */
export const maskValues = (values: ReadonlyMap<string, EffectiveValue>): ReadonlyMap<string, EffectiveValue> =>
  new Map(
    values.entries().map(([path, effective]) => {
      const { value } = effective;
      return [path, value === undefined ? effective : { ...effective, value: showValue(path, value) }];
    }),
  );

/** The effective configuration as one KubeletConfiguration object, as /configz shows it; secret values are masked. */
export const buildConfigObject = (values: ReadonlyMap<string, EffectiveValue>): { readonly [key: string]: JsonValue } => {
  const root: Record<string, JsonValue> = { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" };
  for (const [path, { value }] of values) {
    if (value === undefined) continue;
    const names = path.split(".");
    const leaf = names.pop() ?? path;
    let parent = root;
    for (const name of names) {
      const child: Record<string, JsonValue> = { ...(parent[name] as Record<string, JsonValue> | undefined) };
      parent[name] = child;
      parent = child;
    }
    parent[leaf] = showValue(path, value);
  }
  return root;
};

/**
 * One line for each field that has a value: `maxPods = 250  (file /etc/kubelet.yaml:3)`, in the order of paths. Its values are
 * masked already.
 */
export const explainConfig = (config: { readonly provenance: ReadonlyMap<string, EffectiveValue> }): string =>
  [...config.provenance]
    .filter(([, { value }]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { value, provenance }]) => `${path} = ${JSON.stringify(value)}  (${provenance})\n`)
    .join("");
