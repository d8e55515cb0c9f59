import { isIP } from "node:net";
import { normalize } from "node:path";
import { FEATURE_GATES } from "./feature-gates.ts";
import { nearestName } from "@nk/stdx";
import { readMap } from "./value-reader.ts";
import type { ValueReader } from "./value-reader.ts";
import type { ConfigWarning } from "./warning.ts";

type Check = (reader: ValueReader) => void;

const between =
  (path: string, lowest: number, highest = Infinity): Check =>
  (reader) => {
    const value = reader.int(path);
    if (!reader.isSet(path) || (value >= lowest && value <= highest)) return;
    throw reader.invalid(path, highest === Infinity ? `must be at least ${lowest}` : `must be between ${lowest} and ${highest}`);
  };

const durationBetween =
  (path: string, range: { readonly lowestMs: number; readonly highestMs?: number; readonly words: string }): Check =>
  (reader) => {
    const valueMs = reader.durationMs(path);
    if (valueMs < range.lowestMs || valueMs > (range.highestMs ?? Infinity)) throw reader.invalid(path, `must be ${range.words}`);
  };

const oneOf =
  (path: string, ...allowed: readonly string[]): Check =>
  (reader) => {
    if (!allowed.includes(reader.text(path))) throw reader.invalid(path, `must be one of ${allowed.join(", ")}`);
  };

const isAddress =
  (path: string): Check =>
  (reader) => {
    if (isIP(reader.text(path)) === 0) throw reader.invalid(path, "must be an IP address");
  };

const checkPulls: Check = (reader) => {
  if (!reader.isSet("maxParallelImagePulls")) return;
  const limit = reader.int("maxParallelImagePulls");
  if (limit < 1) throw reader.invalid("maxParallelImagePulls", "must be at least 1");
  if (limit > 1 && reader.bool("serializeImagePulls")) {
    throw reader.invalid("maxParallelImagePulls", "cannot be larger than 1 when serializeImagePulls is true");
  }
};

const checkLogsDir: Check = (reader) => {
  const path = reader.text("podLogsDir");
  const isClean = path.startsWith("/") && normalize(path) === path && (path === "/" || !path.endsWith("/"));
  if (!isClean) throw reader.invalid("podLogsDir", "must be an absolute, normalised path");
  // oxlint-disable-next-line no-control-regex -- all of ASCII is what the reference allows
  if (!/^[\u0000-\u007f]*$/.test(path)) throw reader.invalid("podLogsDir", "must be ASCII");
};

const RESERVED: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage", "pid"]);

const checkReserved: Check = (reader) => {
  for (const path of ["systemReserved", "kubeReserved"]) {
    for (const [resource, amount] of Object.entries(readMap(reader, path))) {
      if (!RESERVED.has(resource))
        throw reader.invalid(path, `names ${JSON.stringify(resource)}; only ${[...RESERVED].join(", ")} can be reserved`);
      if (typeof amount !== "string" || !/^\+?\d+(?:\.\d*)?(?:[numkMGTPE]|[KMGTPE]i|[eE][-+]?\d+)?$/.test(amount))
        throw reader.invalid(path, `has ${JSON.stringify(amount)} for ${resource}, which is no quantity of 0 or more`);
    }
  }
};

const checkTls: Check = (reader) => {
  if ((reader.text("tlsCertFile") === "") !== (reader.text("tlsPrivateKeyFile") === ""))
    throw reader.invalid("tlsCertFile", "and tlsPrivateKeyFile must be set together");
  const version = reader.text("tlsMinVersion");
  if (!["", "VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"].includes(version))
    throw reader.invalid("tlsMinVersion", "must be one of VersionTLS10, VersionTLS11, VersionTLS12, VersionTLS13");
};

const checkEndpoint: Check = (reader) => {
  if (reader.text("containerRuntimeEndpoint") === "") throw reader.invalid("containerRuntimeEndpoint", "must not be empty");
};

const checkStaticPodUrl: Check = (reader) => {
  const url = reader.text("staticPodURL");
  if (url === "") return;
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "http:" && protocol !== "https:") throw reader.invalid("staticPodURL", "must be an http or https URL");
};

const checkFeatureGates: Check = (reader) => {
  for (const [name, value] of Object.entries(readMap(reader, "featureGates"))) {
    const gate = FEATURE_GATES.get(name);
    if (gate?.isLocked === true && value !== gate.isOn) {
      throw reader.invalid("featureGates", `cannot set ${name} to ${JSON.stringify(value)}: it is locked to ${String(gate.isOn)}`);
    }
  }
};

const SYSCTL_PATTERN = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";
const SYSCTL_REGEX = new RegExp(`^${SYSCTL_PATTERN}$`);
const MAX_SYSCTL_CHARS = 253;
const NAMESPACED_SYSCTLS: ReadonlySet<string> = new Set(
  "sem shmall shmmax shmmni shm_rmid_forced shm msgmax msgmnb msgmni msg".split(" ").map((name) => `kernel.${name}`),
);

/** Only what the kernel keeps apart for each pod can be allowed (reference: pkg/kubelet/sysctl/allowlist.go). */
const checkUnsafeSysctls: Check = (reader) => {
  const path = "allowedUnsafeSysctls";
  for (const pattern of reader.strings(path)) {
    if (pattern.length > MAX_SYSCTL_CHARS || !SYSCTL_REGEX.test(pattern))
      throw reader.invalid(
        path,
        `names ${JSON.stringify(pattern)}: a sysctl must have at most ${MAX_SYSCTL_CHARS} characters and match regex ${SYSCTL_PATTERN}`,
      );
    const dotted = pattern.replace(/\*.*$/, "").replaceAll("/", ".");
    if (!NAMESPACED_SYSCTLS.has(dotted) && !dotted.startsWith("net.") && !dotted.startsWith("fs.mqueue."))
      throw reader.invalid(path, `names ${JSON.stringify(pattern)}: the sysctls are not known to be namespaced`);
  }
};

const checkIdsPerPod: Check = (reader) => {
  const path = "userNamespaces.idsPerPod";
  if (!reader.isSet(path)) return;
  const length = reader.int(path);
  if (length < 65_536 || length % 65_536 !== 0 || length > 4_294_967_295)
    throw reader.invalid(path, "must be a multiple of 65536, at least 65536 and not more than 4294967295");
};

/** The reference's rules (pkg/kubelet/apis/config/validation) for the fields that nk acts on, and ranges of those it does not. */
const CHECKS: readonly Check[] = [
  between("port", 1, 65_535),
  between("readOnlyPort", 0, 65_535),
  between("healthzPort", 0, 65_535),
  isAddress("address"),
  isAddress("healthzBindAddress"),
  between("registryPullQPS", 0),
  between("registryBurst", 0),
  between("eventRecordQPS", 0),
  between("eventBurst", 0),
  between("kubeAPIQPS", 0),
  between("kubeAPIBurst", 0),
  between("nodeLeaseDurationSeconds", 1),
  between("nodeStatusMaxImages", -1),
  between("oomScoreAdj", -1_000, 1_000),
  between("iptablesMasqueradeBit", 0, 31),
  between("iptablesDropBit", 0, 31),
  between("maxOpenFiles", 0),
  between("podsPerCore", 0),
  between("logging.verbosity", 0),
  durationBetween("cpuCFSQuotaPeriod", { lowestMs: 1, highestMs: 1_000, words: "between 1ms and 1s" }),
  durationBetween("crashLoopBackOff.maxContainerRestartPeriod", { lowestMs: 1_000, highestMs: 300_000, words: "between 1s and 300s" }),
  durationBetween("syncFrequency", { lowestMs: 1, words: "above 0" }),
  durationBetween("fileCheckFrequency", { lowestMs: 0, words: "0 or above" }),
  durationBetween("httpCheckFrequency", { lowestMs: 0, words: "0 or above" }),
  durationBetween("runtimeRequestTimeout", { lowestMs: 1, words: "above 0" }),
  oneOf("cgroupDriver", "cgroupfs", "systemd"),
  oneOf("logging.format", "text", "json"),
  oneOf("configMapAndSecretChangeDetectionStrategy", "Get", "Cache", "Watch"),
  between("maxPods", 0),
  durationBetween("nodeStatusUpdateFrequency", { lowestMs: 1, words: "above 0" }),
  durationBetween("nodeStatusReportFrequency", { lowestMs: 1, words: "above 0" }),
  oneOf("authorization.mode", "AlwaysAllow", "Webhook"),
  checkPulls,
  checkReserved,
  checkTls,
  checkLogsDir,
  checkEndpoint,
  checkStaticPodUrl,
  checkFeatureGates,
  checkUnsafeSysctls,
  checkIdsPerPod,
];

const warnGates = (reader: ValueReader): ConfigWarning[] =>
  Object.entries(readMap(reader, "featureGates")).flatMap(([name, value]) => {
    const gate = FEATURE_GATES.get(name);
    if (gate !== undefined)
      return value === gate.isOn ? [] : [{ message: `feature gate ${name}=${JSON.stringify(value)} may have no effect in nk` }];
    const nearest = nearestName(name, FEATURE_GATES.keys());
    return [{ message: `nk does not know the feature gate ${name}${nearest === undefined ? "" : `, did you mean ${nearest}?`}` }];
  });

/**
 * Checks values alone and together.
 * @returns what is odd without being wrong
 * @throws KubeletConfigError for the first broken rule
 */
export const validateValues = (reader: ValueReader): readonly ConfigWarning[] => {
  for (const check of CHECKS) check(reader);
  // The reference goes on without a server it cannot read, too.
  const badServers = reader.strings("clusterDNS").filter((server) => isIP(server) === 0);
  return [
    ...badServers.map((server) => ({ message: `clusterDNS holds ${JSON.stringify(server)}, which is no IP address` })),
    ...warnGates(reader),
  ];
};
