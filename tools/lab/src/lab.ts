import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noopLogger } from "@nk/stdx";
import type { Logger } from "@nk/stdx";
import { createCgroup } from "./cgroup-trees.ts";
import { hostEnvironment, runCommand } from "./command.ts";
import { fetchContainerd } from "./containerd-binaries.ts";
import type { ContainerdVersion } from "./containerd-binaries.ts";
import { labPaths, renderContainerdConfig } from "./containerd-config.ts";
import type { LabPaths } from "./containerd-config.ts";
import { startContainerd } from "./containerd.ts";
import type { RunningContainerd } from "./containerd.ts";
import { waitForCri } from "./cri-probe.ts";
import { ensureDebianPackages } from "./debian-packages.ts";
import { LabError, isLabError } from "./errors.ts";
import { DEFAULT_CACHE_DIR, buildImages } from "./images/build.ts";
import type { LabImages } from "./images/build.ts";
import { readMountTable, shareRootMount } from "./mount-table.ts";
import { readIpForward, writeCniConfig } from "./network.ts";
import { claimSlot, noteHostBefore } from "./slots.ts";
import type { LabRecord } from "./slots.ts";
import { sweepStaleLabs } from "./sweep.ts";
import { findTraces, readTraces, tearDown } from "./teardown.ts";
import type { LeakReport } from "./teardown.ts";

/** What a lab can be told. */
export interface LabOptions {
  /** "1.6" from the system's package, "2.1" from Debian sid, unpacked into the cache. */
  readonly containerd: ContainerdVersion;
  /** The lab's folder, new or empty; it is removed at the end. Default: a new one in the system's temp folder. At most 80 characters. */
  readonly dir?: string | undefined;
  /** Default `<dir>/containerd.log`, which goes with the lab. */
  readonly logFile?: string | undefined;
  /** Default /var/cache/nk-lab. */
  readonly cacheDir?: string | undefined;
  /** Install missing Debian packages without asking; default false, which asks if there is a terminal. */
  readonly yes?: boolean;
  readonly logger?: Logger | undefined;
  /** Told what takes time. */
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A private containerd with its images and pod network. */
export interface Lab extends AsyncDisposable {
  readonly containerd: ContainerdVersion;
  /** `unix:///...`: what a kubelet takes as containerRuntimeEndpoint. */
  readonly endpoint: string;
  readonly dir: string;
  /** For a kubelet's --root-dir: below `dir`, so that mounts and processes it leaves are found and removed. Exists. */
  readonly kubeletDir: string;
  /** For a kubelet's cgroupRoot: what runs below it is found and removed. Exists in every hierarchy. */
  readonly cgroupRoot: string;
  readonly images: LabImages;
  readonly bridgeName: string;
  /** Pods' addresses, a /24. */
  readonly subnet: string;
  readonly logFile: string;
  /** Of containerd; another one after `startRuntime()`. */
  readonly pid: number;
  /** Ends containerd only, as an outage would: shims and containers go on. Default SIGTERM. */
  stopRuntime(signal?: NodeJS.Signals): Promise<void>;
  /** Starts containerd again and waits until it answers. */
  startRuntime(): Promise<void>;
  /** Runs this containerd's `ctr` in the namespace of the CRI and returns what it prints. */
  ctr(
    args: readonly string[],
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number; readonly namespace?: string },
  ): Promise<string>;
  /** Lets pulls from a registry on this host go over plain http. */
  trustRegistry(address: string): Promise<void>;
  /** Everything of the lab that is on the host now; call it after `close()` to see leaks. */
  findTraces(): Promise<LeakReport>;
  /** Removes pods, containers, containerd and everything they made; idempotent. The report is empty unless something would not go. */
  close(): Promise<LeakReport>;
}

const CNI_BIN_DIR = "/usr/lib/cni";
const SYSTEM_BIN_DIR = "/usr/bin";
const COMMON_PACKAGES = ["runc", "containernetworking-plugins", "iptables", "iproute2", "busybox-static", "catatonit"];

/** The Debian packages that a lab needs. */
export const listLabPackages = (version: ContainerdVersion): readonly string[] =>
  version === "1.6" ? ["containerd", ...COMMON_PACKAGES] : COMMON_PACKAGES;

/** Throws a LabError "host-unfit" unless labs can run here: Linux, root, Debian's package tools. */
export const checkLabHost = (): void => {
  if (process.platform !== "linux") throw new LabError("host-unfit", `a lab needs linux, not ${process.platform}`);
  if (process.getuid?.() !== 0) throw new LabError("host-unfit", "a lab needs root: it mounts, makes network namespaces and cgroups");
  if (!existsSync("/usr/bin/dpkg-query"))
    throw new LabError("host-unfit", "a lab needs Debian: it takes containerd and runc from its packages");
};

/** overlayfs cannot lie on overlayfs, which is what a container's own file system is. */
const chooseSnapshotter = (dir: string): "overlayfs" | "native" => {
  const below = readMountTable().filter(
    (line) => dir === line.mountPoint || dir.startsWith(line.mountPoint === "/" ? "/" : `${line.mountPoint}/`),
  );
  const fsType = below.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length).at(-1)?.fsType;
  const hasOverlay = readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n");
  return hasOverlay && fsType !== "overlay" ? "overlayfs" : "native";
};

/** The lab's folder by its real path, which is what the mount table shows. */
const openDir = (options: LabOptions, name: string): string => {
  if (options.dir === undefined) {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)));
    // The root of a user namespace is nobody here, and has to find its way to the root filesystem below.
    chmodSync(dir, 0o711);
    return dir;
  }
  mkdirSync(options.dir, { recursive: true });
  const dir = realpathSync(options.dir);
  // A unix socket's path has at most 107 bytes.
  if (dir.length > 80) throw new LabError("bad-option", `the path of the lab's folder is too long for a socket in it: ${dir}`);
  // The folder is deleted at the end, and nobody's files with it.
  if (readdirSync(dir).length > 0) throw new LabError("bad-option", `the lab's folder is not empty: ${dir}`);
  return dir;
};

const writeFiles = async (
  record: LabRecord,
  paths: LabPaths,
  { containerd, pause }: { containerd: ContainerdVersion; pause: string },
): Promise<void> => {
  await mkdir(paths.registries, { recursive: true });
  await mkdir(join(record.dir, "kubelet"), { recursive: true });
  await writeCniConfig(record, paths);
  const snapshotter = chooseSnapshotter(record.dir);
  await writeFile(paths.config, renderContainerdConfig(containerd, { paths, snapshotter, sandboxImage: pause, cniBinDir: CNI_BIN_DIR }));
  createCgroup(record.cgroupRoot);
};

/** The parts of a running lab. */
interface LabParts {
  readonly record: LabRecord;
  readonly paths: LabPaths;
  readonly binDir: string;
  readonly logFile: string;
  readonly images: LabImages;
  readonly options: LabOptions;
}

const createLab = (parts: LabParts): Lab => {
  const { record, paths, binDir, logFile, images, options } = parts;
  const launch = (): RunningContainerd => startContainerd({ binDir, config: paths.config, logFile });
  let runtime: RunningContainerd = launch();
  let closing: Promise<LeakReport> | undefined;
  let traces = readTraces(record);
  const close = async (): Promise<LeakReport> => {
    options.logger?.debug("closing the lab", { dir: record.dir });
    traces = readTraces(record);
    await runtime.stop("SIGKILL");
    return tearDown(record);
  };
  const lab: Lab = {
    containerd: options.containerd,
    endpoint: `unix://${paths.socket}`,
    dir: record.dir,
    kubeletDir: join(record.dir, "kubelet"),
    cgroupRoot: record.cgroupRoot,
    images,
    bridgeName: record.bridgeName,
    subnet: record.subnet,
    logFile,
    get pid() {
      return runtime.pid;
    },
    stopRuntime: (signal) => runtime.stop(signal),
    startRuntime: async () => {
      if (closing) throw new LabError("closed", `the lab in ${record.dir} is closed`);
      if (runtime.failure() !== undefined) runtime = launch();
      const { signal } = options;
      await waitForCri(paths.socket, { images: [], failure: () => runtime.failure(), timeoutMs: 20_000, signal });
    },
    ctr: ([command = "help", ...args], { namespace = "k8s.io", ...more } = {}) => {
      // By default `ctr run` keeps its state and pipes in the system's folders.
      const places = command === "run" ? ["--runc-root", paths.runc, "--fifo-dir", join(record.dir, "fifo")] : [];
      const argv = [join(binDir, "ctr"), "--address", paths.socket, "--namespace", namespace, command, ...places, ...args] as const;
      return runCommand(argv, { ...more, env: hostEnvironment(binDir) });
    },
    trustRegistry: async (address) => {
      await mkdir(join(paths.registries, address), { recursive: true });
      const hosts = `server = "http://${address}"\n[host."http://${address}"]\ncapabilities = ["pull", "resolve"]\n`;
      await writeFile(join(paths.registries, address, "hosts.toml"), hosts);
    },
    findTraces: () => findTraces(record, existsSync(record.dir) ? readTraces(record) : traces),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: async () => {
      await lab.close();
    },
  };
  return lab;
};

/** Starts a private containerd with images and a pod network. Anything that fails on the way is undone. */
export const startLab = async (options: LabOptions): Promise<Lab> => {
  const onProgress = options.onProgress ?? ((message: string) => (options.logger ?? noopLogger).info(message));
  const { signal } = options;
  const cacheDir = options.cacheDir ?? DEFAULT_CACHE_DIR;
  checkLabHost();
  await ensureDebianPackages(listLabPackages(options.containerd), { yes: options.yes ?? false, onProgress, signal });
  await sweepStaleLabs({ onProgress });
  const binDir = options.containerd === "1.6" ? SYSTEM_BIN_DIR : await fetchContainerd({ cacheDir, onProgress, signal });
  const built = await buildImages({ cacheDir, ...(signal ? { signal } : {}) });
  await shareRootMount(onProgress);
  signal?.throwIfAborted();
  const record = claimSlot((name) => openDir(options, name));
  const logFile = options.logFile ?? join(record.dir, "containerd.log");
  try {
    noteHostBefore({ ipForward: readIpForward() });
    const paths = labPaths(record.dir);
    await writeFiles(record, paths, { containerd: options.containerd, pause: built.images.pause });
    const lab = createLab({ record, paths, binDir, logFile, images: built.images, options });
    await lab.startRuntime();
    await lab.ctr(["images", "import", built.archive], signal ? { signal } : {});
    await waitForCri(paths.socket, { images: Object.values(built.images), failure: () => undefined, timeoutMs: 10_000, signal });
    return lab;
  } catch (error) {
    const complaints = readComplaints(logFile);
    await tearDown(record);
    if (!isLabError(error) || complaints === "") throw error;
    throw new LabError(error.code, `${error.message}; containerd's log says:\n${complaints}`, { cause: error, details: error.details });
  }
};

/** The last warnings of containerd's log, which goes with the lab. */
const readComplaints = (logFile: string): string => {
  if (!existsSync(logFile)) return "";
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
  return lines
    .filter((line) => !line.includes("level=info"))
    .slice(-10)
    .join("\n");
};
