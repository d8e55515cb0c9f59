export type CgroupDriver = "cgroupfs" | "systemd";
export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

export interface PodCgroupInput {
  /** Who names and makes cgroups; the runtime's RuntimeConfig says which. */
  readonly driver: CgroupDriver;
  /** Where the kubelet's cgroups begin (`cgroupRoot`). Default `/`. */
  readonly cgroupRoot?: string;
  readonly qosClass: QosClass;
  /** The pod's UID. */
  readonly uid: string;
}

/** A pod's cgroup that was found. */
export interface PodCgroup {
  readonly uid: string;
  readonly qosClass: QosClass;
  /** Below the mount point of each hierarchy. */
  readonly path: string;
}

/** Guaranteed pods have no level of their own (reference: pkg/kubelet/cm/pod_container_manager_linux.go). */
const QOS_LEVEL: { readonly [qosClass in QosClass]: string | undefined } = {
  Guaranteed: undefined,
  Burstable: "burstable",
  BestEffort: "besteffort",
};

const rootParts = (cgroupRoot: string | undefined): readonly string[] => (cgroupRoot ?? "/").split("/").filter((part) => part !== "");

/** `a`, `b-c` becomes `a.slice`, `a-b_c.slice`: systemd reads a dash as a step down, so names must not hold one. */
const systemdSlices = (parts: readonly string[]): readonly string[] => {
  const escaped = parts.map((part) => part.replaceAll("-", "_"));
  return escaped.map((_part, index) => `${escaped.slice(0, index + 1).join("-")}.slice`);
};

const joinParts = (driver: CgroupDriver, parts: readonly string[]): string =>
  `/${(driver === "systemd" ? systemdSlices(parts) : parts).join("/")}`;

const qosParts = (input: Pick<PodCgroupInput, "cgroupRoot" | "qosClass">): readonly string[] => {
  const level = QOS_LEVEL[input.qosClass];
  return [...rootParts(input.cgroupRoot), "kubepods", ...(level === undefined ? [] : [level])];
};

/**
 * The name of a pod's cgroup. For systemd an underscore of the UID is written as systemd escapes it: dashes become underscores, and two
 * UIDs that differ only in these must not share a cgroup.
 */
const podPart = ({ driver, uid }: PodCgroupInput): string => `pod${driver === "systemd" ? uid.replaceAll("_", "\\x5f") : uid}`;

/** The directory of a pod's cgroup, below the mount point of each hierarchy. */
export const podCgroupDirectory = (input: PodCgroupInput): string => joinParts(input.driver, [...qosParts(input), podPart(input)]);

/** The directory of a QoS class, below the mount point; that of Guaranteed is the kubepods root itself. */
export const qosCgroupDirectory = (input: Omit<PodCgroupInput, "uid">): string => joinParts(input.driver, qosParts(input));

/**
 * What CRI's `cgroup_parent` of a pod's sandbox says: the path for cgroupfs, e.g. `/kubepods/besteffort/pod<uid>`, and the name of the
 * slice alone for systemd, which implies the rest.
 */
export const podCgroupPath = (input: PodCgroupInput): string => {
  const directory = podCgroupDirectory(input);
  return input.driver === "systemd" ? directory.slice(directory.lastIndexOf("/") + 1) : directory;
};

/** The pod UID in the name of a directory; undefined when it is not a pod's. For systemd the UID's own spelling is restored. */
export const parsePodCgroupName = (name: string, driver: CgroupDriver): string | undefined => {
  if (driver === "cgroupfs") return /^pod([^/]+)$/.exec(name)?.[1];
  return /(?:^|-)pod([^-/]+)\.slice$/.exec(name)?.[1]?.replaceAll("_", "-").replaceAll("\\x5f", "_");
};

/**
 * The directory of a slice by its name, as systemd lays it out: `a-b.slice` is /a.slice/a-b.slice. Undefined for what is no name of a
 * slice; `-.slice` is the root.
 */
export const sliceDirectory = (name: string): string | undefined => {
  if (name === "-.slice") return "/";
  const parts = /^([^/]+)\.slice$/.exec(name)?.[1]?.split("-");
  if (parts === undefined || parts.includes("")) return undefined;
  return `/${parts.map((_part, index) => `${parts.slice(0, index + 1).join("-")}.slice`).join("/")}`;
};
