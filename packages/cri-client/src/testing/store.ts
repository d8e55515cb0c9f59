import { createHash } from "node:crypto";
import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig } from "@nk/cri-api";
import type { Clock } from "@nk/stdx";

/** A sandbox of the fake. */
export interface FakeSandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly runtimeHandler: string;
  readonly createdAtNanos: bigint;
  state: "ready" | "notready";
  ips: readonly string[];
}

/** A container of the fake. */
export interface FakeContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly imageId: string;
  readonly imageRef: string;
  readonly createdAtNanos: bigint;
  /** Whether its status says its user. */
  readonly givesUser: boolean;
  state: "created" | "running" | "exited";
  startedAtNanos: bigint;
  finishedAtNanos: bigint;
  exitCode: number;
  reason: string;
  message: string;
  resources: LinuxContainerResources | undefined;
}

/** An image of the fake. */
export interface FakeImage {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: bigint;
  /** The image's user when it is a number; then `username` is empty. */
  readonly uid?: bigint;
  readonly username?: string;
  readonly pinned?: boolean;
}

/** All state of one fake; it outlives `stop()`, as containers outlive containerd. */
export interface FakeStore {
  readonly sandboxes: Map<string, FakeSandbox>;
  readonly containers: Map<string, FakeContainer>;
  readonly images: Map<string, FakeImage>;
  /** Strictly growing, so that no two things are made at one instant. */
  nowNanos(): bigint;
  /** 64 hexadecimal digits, the same in every run. */
  nextId(kind: string): string;
  nextIp(): string;
}

/** A sha256 as images have it. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Makes an empty store. */
export const createFakeStore = (clock: Clock): FakeStore => {
  let lastNanos = 0n;
  let ids = 0;
  let ips = 1;
  return {
    sandboxes: new Map(),
    containers: new Map(),
    images: new Map(),
    nowNanos: () => {
      const now = BigInt(Math.round(clock.nowMs() * 1000)) * 1000n;
      lastNanos = now > lastNanos ? now : lastNanos + 1n;
      return lastNanos;
    },
    nextId: (kind) => {
      ids += 1;
      return sha256(`${kind} ${String(ids)}`);
    },
    nextIp: () => {
      ips += 1;
      return `10.88.${String(Math.floor(ips / 256) % 256)}.${String(ips % 256)}`;
    },
  };
};

/** `nginx` -> `docker.io/library/nginx:latest`; digests and ids stay. The rules of containerd's reference parser, in short. */
export const normalizeImageName = (name: string): string => {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) return name.startsWith("sha256:") ? name : `sha256:${name}`;
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  const path = hasHost ? name : rest.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  if (path.includes("@")) return path;
  return /:[^/]+$/.test(path) ? path : `${path}:latest`;
};

/** By id, id prefix of at least 12 digits, tag or digest. */
export const findImage = (store: FakeStore, name: string): FakeImage | undefined => {
  const normal = normalizeImageName(name);
  for (const image of store.images.values()) {
    if (image.id === normal || image.repoTags.includes(normal) || image.repoDigests.includes(normal)) return image;
    if (/^[0-9a-f]{12,63}$/.test(name) && image.id.startsWith(`sha256:${name}`)) return image;
  }
  return undefined;
};
