import type { SourceProblem, SourceSnapshot } from "@nk/pod-model";
import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import type { IsFieldSupported } from "./check-supported.ts";

/** What both sources are made with. */
export interface SourceOptions {
  /** Name of this node: suffix of the pods' names, and their `spec.nodeName`. */
  readonly nodeName: string;
  /**
   * Called with the complete set when the source has been read once, and again whenever pods or problems are others than before. Never
   * at the same time as another call. Must not throw.
   */
  readonly onSnapshot: (snapshot: SourceSnapshot) => void;
  /** Called once for each problem when it appears; the problems of the moment are in each snapshot too. Must not throw. */
  readonly onProblem?: ((problem: SourceProblem) => void) | undefined;
  /**
   * Widens the table of supported fields, for a kubelet that implements more than nk: asked with a pattern such as
   * `spec.volumes[].configMap`, or `spec.volumes[].emptyDir.medium=Memory` for a value. Default: nothing more.
   */
  readonly isFieldSupported?: IsFieldSupported | undefined;
  /** More pods or documents in one file or answer are a problem, and none of them is taken. Default 1000. */
  readonly maxPods?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Default: none. */
  readonly logger?: Logger | undefined;
  /** Default: none. */
  readonly metrics?: MetricRegister | undefined;
}

/** For {@link createFileSource}. */
export interface FileSourceOptions extends SourceOptions {
  /** Absolute path of a directory or of one file (`staticPodPath`). It may be missing: then the source wants no pods. */
  readonly path: string;
  /** Everything is read again this often, should inotify have missed it (`fileCheckFrequency`). Default 20 000, at least 100. */
  readonly recheckMs?: number | undefined;
  /** Longer files are a problem and are not read. Default 10 MiB, as in the reference; YAML is limited to 256 KiB besides. */
  readonly maxFileBytes?: number | undefined;
  /** Further files in the directory are a problem and are not read. Default 1000. */
  readonly maxFiles?: number | undefined;
}

/** For {@link createHttpSource}. */
export interface HttpSourceOptions extends SourceOptions {
  /** `http:` or `https:` (`staticPodURL`). */
  readonly url: string;
  /** Sent with each request (`staticPodURLHeader`). The values are secrets: they go nowhere else. */
  readonly headers?: { readonly [name: string]: string | readonly string[] } | undefined;
  /** From one request to the next (`httpCheckFrequency`). Default 20 000, at least 100. */
  readonly intervalMs?: number | undefined;
  /** For the whole of one request. Default 10 000, as in the reference. */
  readonly timeoutMs?: number | undefined;
  /** A longer answer is a problem. Default 10 MiB; YAML is limited to 256 KiB besides. */
  readonly maxBodyBytes?: number | undefined;
}

/** A source of pods; a driver, in the words of docs/architecture. */
export interface PodSourceDriver {
  /** Reads and watches until the signal aborts; resolves then, when nothing of it is left behind. Call it once. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** 10 MiB: the reference's limit of a manifest. */
export const DEFAULT_MAX_BYTES: number = 10 * 1024 * 1024;
/** Far more than run on one node, and few enough to be read and started without holding the others up. */
export const DEFAULT_MAX_PODS = 1000;
/** The reference's fileCheckFrequency and httpCheckFrequency. */
export const DEFAULT_CHECK_MS = 20_000;
/** More often would be a busy loop. */
export const MIN_CHECK_MS = 100;
