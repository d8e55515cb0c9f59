import type { Clock, Logger } from "@nk/stdx";

/** How a plugin was run and how that ended, for those who watch: logs, traces, the curious. */
export interface PluginRun {
  /** The plugin's `type`. */
  readonly plugin: string;
  /** ADD, DEL, CHECK, STATUS, GC or VERSION. */
  readonly command: string;
  readonly path: string;
  readonly durationMs: number;
  /** Null when a signal ended it, and when it was stopped. */
  readonly exitCode: number | null;
  /** The end of what it wrote to stderr; with any exit code, as plugins log there. */
  readonly stderr: string;
}

/** What {@link createCni} takes. */
export interface CniOptions {
  /** Where plugins are searched, in order, and CNI_PATH for those that delegate. Default `["/opt/cni/bin"]`. */
  readonly pluginDirs?: readonly string[] | undefined;
  /** Results are kept in its folder `results`. Default `/var/lib/cni`, where libcni has them. */
  readonly cacheDir?: string | undefined;
  /** Milliseconds that one run of one plugin may take, after which its process group is killed; default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds from SIGTERM to SIGKILL; default 2,000. */
  readonly killAfterMs?: number | undefined;
  /** The most bytes a plugin may write to stdout before it is killed; default 1 MiB. */
  readonly maxStdoutBytes?: number | undefined;
  /** How many bytes of the end of a plugin's stderr are kept; default 64 KiB. */
  readonly maxStderrBytes?: number | undefined;
  /** The most operations that may wait for others on the same container or network; default 10,000. */
  readonly maxQueued?: number | undefined;
  /** The environment of plugins besides CNI's own variables; default only a PATH of the system's folders. */
  readonly env?: { readonly [name: string]: string } | undefined;
  /** A command that runs the plugin as its last argument, e.g. `["nsenter", "--net=/run/netns/host"]`; default none. */
  readonly launcher?: readonly string[] | undefined;
  /** Called after each run of a plugin. What it throws is the caller's own. */
  readonly onPluginRun?: ((run: PluginRun) => void) | undefined;
  /** Debug: each run. */
  readonly logger?: Logger | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** Options with their defaults. */
export type CniSettings = Required<{ readonly [Key in Exclude<keyof CniOptions, "onPluginRun">]: NonNullable<CniOptions[Key]> }> &
  Pick<CniOptions, "onPluginRun">;
