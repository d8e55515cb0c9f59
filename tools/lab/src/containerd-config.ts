import { join } from "node:path";
import type { ContainerdVersion } from "./containerd-binaries.ts";

/** Folders and files of a lab, all below its own folder. */
export interface LabPaths {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly config: string;
  readonly runc: string;
  readonly cniConf: string;
  readonly cniData: string;
  /** One folder per registry with a hosts.toml, read at each pull. */
  readonly registries: string;
}

/** Where things lie in a lab's folder. */
export const labPaths = (dir: string): LabPaths => ({
  root: join(dir, "root"),
  state: join(dir, "state"),
  socket: join(dir, "containerd.sock"),
  config: join(dir, "config.toml"),
  runc: join(dir, "runc"),
  cniConf: join(dir, "cni/net.d"),
  cniData: join(dir, "cni/ipam"),
  registries: join(dir, "certs.d"),
});

/** What the configuration depends on. */
export interface ContainerdConfigInput {
  readonly paths: LabPaths;
  readonly snapshotter: "overlayfs" | "native";
  readonly sandboxImage: string;
  /** Where the CNI plugins lie. */
  readonly cniBinDir: string;
}

const quote = (text: string): string => JSON.stringify(text);

/** Runtime handlers: `runc` is the default, the others are the same under other names, for tests of RuntimeClass. */
const renderRuntimes = (prefix: string, paths: LabPaths): string =>
  ["runc", "other", "test-handler"]
    .map((name) =>
      [
        `[plugins.${prefix}.containerd.runtimes.${name}]`,
        `runtime_type = "io.containerd.runc.v2"`,
        `[plugins.${prefix}.containerd.runtimes.${name}.options]`,
        `Root = ${quote(paths.runc)}`,
        `SystemdCgroup = false`,
      ].join("\n"),
    )
    .join("\n");

/** Settings of the CRI runtime that both versions spell alike. */
const COMMON_RUNTIME_SETTINGS = [
  // Without CAP_SYS_RESOURCE runc cannot lower oom_score_adj, and RunPodSandbox fails with "can't get final child's PID".
  "restrict_oom_score_adj = true",
  "netns_mounts_under_state_dir = true",
  "tolerate_missing_hugetlb_controller = true",
].join("\n");

const renderHead = (input: ContainerdConfigInput, disabled: readonly string[]): string =>
  [
    `root = ${quote(input.paths.root)}`,
    `state = ${quote(input.paths.state)}`,
    `disabled_plugins = ${JSON.stringify(disabled)}`,
    "[grpc]",
    `address = ${quote(input.paths.socket)}`,
    "[debug]",
    `level = "info"`,
    // The default scheduler may collect content while an import is under way only if told to be lazy: keep its pace, drop its start-up run.
    `[plugins."io.containerd.gc.v1.scheduler"]`,
    `startup_delay = "10s"`,
  ].join("\n");

const renderVersion2 = (input: ContainerdConfigInput): string => {
  const cri = `"io.containerd.grpc.v1.cri"`;
  const snapshotters = ["aufs", "btrfs", "devmapper", "zfs"].map((name) => `io.containerd.snapshotter.v1.${name}`);
  const disabled = [
    ...snapshotters,
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.tracing",
    "io.containerd.tracing.processor.v1.otlp",
  ];
  return [
    "version = 2",
    renderHead(input, [...disabled, "io.containerd.internal.v1.restart"]),
    `[plugins.${cri}]`,
    `sandbox_image = ${quote(input.sandboxImage)}`,
    COMMON_RUNTIME_SETTINGS,
    `[plugins.${cri}.containerd]`,
    `snapshotter = ${quote(input.snapshotter)}`,
    `default_runtime_name = "runc"`,
    renderRuntimes(cri, input.paths),
    `[plugins.${cri}.cni]`,
    `bin_dir = ${quote(input.cniBinDir)}`,
    `conf_dir = ${quote(input.paths.cniConf)}`,
    `[plugins.${cri}.registry]`,
    `config_path = ${quote(input.paths.registries)}`,
    "",
  ].join("\n");
};

const renderVersion3 = (input: ContainerdConfigInput): string => {
  const images = `"io.containerd.cri.v1.images"`;
  const runtime = `"io.containerd.cri.v1.runtime"`;
  const snapshotters = ["blockfile", "btrfs", "devmapper", "erofs", "zfs"].map((name) => `io.containerd.snapshotter.v1.${name}`);
  const services = ["internal.v1.opt", "internal.v1.tracing", "tracing.processor.v1.otlp", "nri.v1.nri", "monitor.container.v1.restart"];
  const disabled = [...snapshotters, ...[...services, "differ.v1.erofs"].map((name) => `io.containerd.${name}`)];
  return [
    "version = 3",
    renderHead(input, disabled),
    // The CRI cannot do without the verifier, but it must not look into the system's folder.
    `[plugins."io.containerd.image-verifier.v1.bindir"]`,
    `bin_dir = ${quote(join(input.paths.root, "no-verifiers"))}`,
    `[plugins.${images}]`,
    `snapshotter = ${quote(input.snapshotter)}`,
    `[plugins.${images}.pinned_images]`,
    `sandbox = ${quote(input.sandboxImage)}`,
    `[plugins.${images}.registry]`,
    `config_path = ${quote(input.paths.registries)}`,
    `[plugins.${runtime}]`,
    COMMON_RUNTIME_SETTINGS,
    // As in 1.6: a container's own namespace keeps the kernel's defaults.
    "enable_unprivileged_ports = false",
    "enable_unprivileged_icmp = false",
    `[plugins.${runtime}.containerd]`,
    `default_runtime_name = "runc"`,
    renderRuntimes(runtime, input.paths),
    `[plugins.${runtime}.cni]`,
    `bin_dirs = [${quote(input.cniBinDir)}]`,
    `conf_dir = ${quote(input.paths.cniConf)}`,
    "",
  ].join("\n");
};

/** The configuration file of a lab's containerd: format 2 for 1.6, format 3 for 2.1. */
export const renderContainerdConfig = (version: ContainerdVersion, input: ContainerdConfigInput): string =>
  version === "1.6" ? renderVersion2(input) : renderVersion3(input);
