import { coreV1Schema } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import fc from "fast-check";

/** Few, so that what refers to a name often finds it. */
const NAMES = ["main", "other", "v", "w", "", "a_b", "UPPER", "../..", "x".repeat(64), "with.dot", "nul\0", "💥"];
const PATHS = ["/v", "/etc/hosts", "relative", "/", "", "/a/../b", "a/b", "../out", "/dev/termination-log", "p".repeat(5000)];
const QUANTITIES = ["1", "100m", "64Mi", "0", "-1", "1e3", "1.5Gi", "9223372036854775807", "1E", "nonsense", "", "1Ki1", "0.0000000001"];
const FIELDS = ["metadata.name", "metadata.labels['a']", "status.podIP", "status.hostIPs", "spec.nodeName", "limits.cpu", "no.such"];
const WORDS = [
  "Always Never OnFailure IfNotPresent Default ClusterFirst ClusterFirstWithHostNet None Localhost RuntimeDefault Unconfined Merge Strict",
  "Unmasked Enabled Disabled IfPossible Bidirectional HostToContainer Recursive TCP UDP SCTP Memory HugePages-2Mi linux windows File",
  "FallbackToLogsOnError Exists In NotIn NoExecute Restart 10.0.0.1 fd00::1 kernel.sem net/ipv4/x SIGTERM SIGNOT $(A) $$(A) $( $",
].flatMap((line) => line.split(" "));

/** What texts of a field may be, by its name. */
const POOLS: { readonly [field: string]: readonly string[] } = {
  name: NAMES,
  volumeName: NAMES,
  containerName: NAMES,
  targetContainerName: NAMES,
  hostname: NAMES,
  subdomain: NAMES,
  hostnameOverride: NAMES,
  mountPath: PATHS,
  subPath: PATHS,
  subPathExpr: [...PATHS, "$(A)/x"],
  path: PATHS,
  terminationMessagePath: PATHS,
  localhostProfile: PATHS,
  workingDir: PATHS,
  divisor: QUANTITIES,
  sizeLimit: QUANTITIES,
  fieldPath: FIELDS,
  resource: FIELDS,
};
const RESOURCES = ["cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "hugepages-x", "example.com/gpu", ""];
const QUANTITY_MAPS: ReadonlySet<string> = new Set(["limits", "requests", "overhead"]);
const NUMBERS = [-1, 0, 1, 2, 1000, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, -(2 ** 31), Number.MAX_SAFE_INTEGER];

/** At most so many fields that need not be there, of one object. */
const MAX_OPTIONAL_FIELDS = 9;
/** Below it only what must be there. */
const MAX_DEPTH = 7;

const textOf = (field: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...(POOLS[field] ?? WORDS)) },
    { weight: 1, arbitrary: fc.constantFrom(...WORDS, ...NAMES) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
  );

const number = fc.oneof(fc.constantFrom(...NUMBERS), fc.integer({ min: 0, max: 100 }));

const leafOf = (kind: string, field: string): fc.Arbitrary<unknown> | undefined => {
  switch (kind) {
    case "string":
      return textOf(field);
    case "number":
      return number;
    case "boolean":
      return fc.boolean();
    case "int-or-string":
      return fc.oneof(number, textOf(field));
    case "timestamp":
      return fc.constantFrom("2026-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z");
    case "unknown":
      return fc.jsonValue({ maxDepth: 1 });
    default:
      return undefined;
  }
};

const valueOf = (kind: string, field: string, depth: number): fc.Arbitrary<unknown> => {
  if (kind.startsWith("[]")) return fc.array(valueOf(kind.slice(2), field, depth), { maxLength: field === "containers" ? 3 : 2 });
  if (kind.startsWith("{}")) {
    const isAmounts = QUANTITY_MAPS.has(field);
    const key = fc.constantFrom(...(isAmounts ? RESOURCES : NAMES));
    return fc.dictionary(key, isAmounts ? fc.constantFrom(...QUANTITIES) : valueOf(kind.slice(2), field, depth), { maxKeys: 3 });
  }
  return leafOf(kind, field) ?? objectOf(kind, depth + 1);
};

const objectOf = (type: string, depth: number): fc.Arbitrary<{ readonly [field: string]: unknown }> => {
  const fields = coreV1Schema[type] ?? {};
  const isRequired = (field: string): boolean => fields[field]?.endsWith("!") === true;
  const optional = Object.keys(fields).filter((field) => !isRequired(field) && field !== "managedFields");
  const chosen = fc.shuffledSubarray(depth > MAX_DEPTH ? [] : optional, { maxLength: Math.min(MAX_OPTIONAL_FIELDS, optional.length) });
  return chosen.chain((names) => {
    const all = [...Object.keys(fields).filter(isRequired), ...names];
    return fc.record(Object.fromEntries(all.map((field) => [field, valueOf((fields[field] ?? "").replace(/!$/u, ""), field, depth)])));
  });
};

/** Any pod that has the form of one, sensible or not: every field of the API can be there, with values made to be in the way. */
export const randomPod: fc.Arbitrary<Pod> = fc
  .record({ metadata: objectOf("ObjectMeta", 2), spec: objectOf("PodSpec", 1), container: objectOf("Container", 2) })
  // One container at least, or most pods would show nothing.
  .map(({ metadata, spec, container }) => {
    const containers = Array.isArray(spec["containers"]) && spec["containers"].length > 0 ? spec["containers"] : [container];
    return { apiVersion: "v1", kind: "Pod", metadata: { name: "p", ...metadata }, spec: { ...spec, containers } } as Pod;
  });
