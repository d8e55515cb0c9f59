/**
 * Writes `kinds/gen/schema.ts`: the fields of every API type this server stores, read off the Go declarations of a Kubernetes release.
 * Run by hand when the release changes: `node src/generate-schema.ts PATH/staging/src/k8s.io`.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where each alias of a package lies, and what the generated names begin with. */
const PACKAGES: readonly { readonly alias: string; readonly path: string }[] = [
  { alias: "core", path: "api/core/v1" },
  { alias: "apps", path: "api/apps/v1" },
  { alias: "batch", path: "api/batch/v1" },
  { alias: "coordination", path: "api/coordination/v1" },
  { alias: "node", path: "api/node/v1" },
  { alias: "certificates", path: "api/certificates/v1" },
  { alias: "certificatesV1beta1", path: "api/certificates/v1beta1" },
  { alias: "storage", path: "api/storage/v1" },
  { alias: "events", path: "api/events/v1" },
  { alias: "policy", path: "api/policy/v1" },
  { alias: "rbac", path: "api/rbac/v1" },
  { alias: "scheduling", path: "api/scheduling/v1" },
  { alias: "discovery", path: "api/discovery/v1" },
  { alias: "autoscaling", path: "api/autoscaling/v1" },
  { alias: "meta", path: "apimachinery/pkg/apis/meta/v1" },
];

const IMPORTED: { readonly [goAlias: string]: string } = { v1: "core", corev1: "core", metav1: "meta", apiv1: "core" };

const KNOWN: { readonly [goType: string]: string } = {
  string: "string",
  bool: "boolean",
  int: "int64",
  int32: "int32",
  int64: "int64",
  uint8: "int32",
  float64: "number",
  "resource.Quantity": "quantity",
  "intstr.IntOrString": "int-or-string",
  "metav1.Time": "timestamp",
  Time: "timestamp",
  MicroTime: "microtime",
  "metav1.MicroTime": "microtime",
  "metav1.Duration": "duration",
  "types.UID": "string",
  "types.NodeName": "string",
  "runtime.RawExtension": "unknown",
  "metav1.FieldsV1": "unknown",
  FieldsV1: "unknown",
  "[]byte": "bytes",
};

interface GoField {
  readonly name: string;
  readonly goType: string;
  readonly tag: string;
  readonly markers: readonly string[];
}

interface GoPackage {
  readonly alias: string;
  readonly structs: Map<string, readonly GoField[]>;
  readonly aliases: Map<string, string>;
}

const readPackage = (root: string, { alias, path }: (typeof PACKAGES)[number]): GoPackage => {
  const structs = new Map<string, readonly GoField[]>();
  const aliases = new Map<string, string>();
  const directory = join(root, path);
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => /^(types|duration|watch|.*_types)\.go$/.test(name)) : [];
  for (const file of files) {
    const lines = readFileSync(join(directory, file), "utf8").split("\n");
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const named = /^type (\w+) (?!struct|interface|func)(\S+)\s*$/.exec(line);
      if (named !== null) aliases.set(named[1] ?? "", named[2] ?? "");
      const opened = /^type (\w+) struct \{/.exec(line);
      if (opened === null) continue;
      const fields: GoField[] = [];
      let markers: string[] = [];
      for (at += 1; at < lines.length && lines[at]?.startsWith("}") !== true; at += 1) {
        const text = (lines[at] ?? "").trim();
        const marker = /^\/\/\s*\+(.*)$/.exec(text);
        if (marker !== null) markers.push(marker[1] ?? "");
        const field = /^(?:(\w+)\s+)?([*[\]\w.]+)\s+`(.*)`/.exec(text);
        if (field === null) continue;
        fields.push({ name: field[1] ?? "", goType: field[2] ?? "", tag: field[3] ?? "", markers });
        markers = [];
      }
      structs.set(opened[1] ?? "", fields);
    }
  }
  return { alias, structs, aliases };
};

const tagValue = (tag: string, key: string): string | undefined => new RegExp(`\\b${key}:"([^"]*)"`).exec(tag)?.[1];

const createResolver = (packages: readonly GoPackage[]) => {
  const byAlias = new Map(packages.map((one) => [one.alias, one]));

  const typeOf = (goType: string, within: GoPackage): string => {
    const known = KNOWN[goType];
    if (known !== undefined) return known;
    if (goType.startsWith("*")) return typeOf(goType.slice(1), within);
    if (goType.startsWith("[]")) return `[]${typeOf(goType.slice(2), within)}`;
    const map = /^map\[[\w.]+\](.+)$/.exec(goType);
    if (map !== null) return `{}${typeOf(map[1] ?? "", within)}`;
    const [head = "", tail] = goType.split(".");
    if (tail !== undefined) {
      const other = byAlias.get(IMPORTED[head] ?? head);
      return other === undefined ? "unknown" : typeOf(tail, other);
    }
    const alias = within.aliases.get(goType);
    if (alias !== undefined) return typeOf(alias, within);
    return within.structs.has(goType) ? `${within.alias}.${goType}` : "unknown";
  };

  const fieldsOf = (name: string, within: GoPackage): readonly [string, string][] =>
    (within.structs.get(name) ?? []).flatMap((field): readonly [string, string][] => {
      const [jsonName = "", ...flags] = (tagValue(field.tag, "json") ?? "").split(",");
      if (flags.includes("inline") || (jsonName === "" && field.name === "")) {
        const [head = "", tail] = field.goType.replace("*", "").split(".");
        const other = tail === undefined ? within : byAlias.get(IMPORTED[head] ?? head);
        return other === undefined ? [] : [...fieldsOf(tail ?? head, other)];
      }
      if (jsonName === "-" || jsonName === "") return [];
      return [[jsonName, encodeField(field, { flags, type: typeOf(field.goType, within) })]];
    });
  return { fieldsOf };
};

/** `TYPE` then words: `?` omitted when zero, `*` a pointer, `0` omitted when a zero struct, `p=` patch strategy and key, `l=` list type and keys, `m=`/`s=` atomic. */
const encodeField = (field: GoField, { flags, type }: { readonly flags: readonly string[]; readonly type: string }): string => {
  const words = [type];
  if (flags.includes("omitempty")) words.push("?");
  if (flags.includes("omitzero")) words.push("0");
  if (field.goType.startsWith("*")) words.push("*");
  const strategy = tagValue(field.tag, "patchStrategy");
  if (strategy !== undefined) words.push(`p=${strategy}:${tagValue(field.tag, "patchMergeKey") ?? ""}`);
  const listType = field.markers.find((marker) => marker.startsWith("listType="))?.slice("listType=".length);
  const keys = field.markers.filter((marker) => marker.startsWith("listMapKey=")).map((marker) => marker.slice("listMapKey=".length));
  if (listType !== undefined) words.push(`l=${listType}${keys.length > 0 ? `:${keys.join(",")}` : ""}`);
  if (field.markers.includes("mapType=atomic")) words.push("m=atomic");
  if (field.markers.includes("structType=atomic")) words.push("s=atomic");
  return words.join(" ");
};

const ROOTS: readonly string[] = [
  ..."Pod Node Namespace Secret ConfigMap Service ServiceAccount Event PersistentVolume PersistentVolumeClaim Endpoints"
    .split(" ")
    .map((name) => `core.${name}`),
  ..."ReplicationController LimitRange ResourceQuota PodTemplate Binding".split(" ").map((name) => `core.${name}`),
  ..."DaemonSet ReplicaSet Deployment StatefulSet ControllerRevision".split(" ").map((name) => `apps.${name}`),
  "batch.Job",
  "batch.CronJob",
  "coordination.Lease",
  "node.RuntimeClass",
  "certificates.CertificateSigningRequest",
  "certificatesV1beta1.ClusterTrustBundle",
  "certificatesV1beta1.PodCertificateRequest",
  ..."CSINode CSIDriver VolumeAttachment StorageClass CSIStorageCapacity".split(" ").map((name) => `storage.${name}`),
  "events.Event",
  "policy.PodDisruptionBudget",
  ..."Role RoleBinding ClusterRole ClusterRoleBinding".split(" ").map((name) => `rbac.${name}`),
  "scheduling.PriorityClass",
  "discovery.EndpointSlice",
  "autoscaling.Scale",
  "meta.DeleteOptions",
  "meta.Status",
];

const root = process.argv[2];
if (root === undefined) throw new Error("usage: generate-schema.ts PATH/staging/src/k8s.io");
const packages = PACKAGES.map((one) => readPackage(root, one));
const { fieldsOf } = createResolver(packages);
const written = new Map<string, readonly [string, string][]>();
const waiting = [...ROOTS];
for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
  if (written.has(name)) continue;
  const [alias = "", type = ""] = name.split(".");
  const within = packages.find((one) => one.alias === alias);
  const fields = within === undefined ? [] : fieldsOf(type, within);
  if (fields.length === 0 && within?.structs.has(type) !== true) throw new Error(`no such type: ${name}`);
  written.set(name, fields);
  for (const [, text] of fields) {
    const inner = /^(?:\[\]|\{\})*(\w+\.\w+)/.exec(text)?.[1];
    if (inner !== undefined) waiting.push(inner);
  }
}
const lines = [...written]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([name, fields]) =>
      `  "${name}": { ${fields.map(([field, text]) => `${JSON.stringify(field)}: ${JSON.stringify(text)}`).join(", ")} },`,
  );
writeFileSync(
  resolve(import.meta.dirname, "kinds/gen/schema.ts"),
  `// Generated by generate-schema.ts from the API types of Kubernetes release 1.36. Do not edit.\n\n` +
    `/** Fields by type, in Go's order; see schema-types.ts for the words. */\n` +
    `export const SCHEMA: { readonly [type: string]: { readonly [field: string]: string } } = {\n${lines.join("\n")}\n};\n`,
);
