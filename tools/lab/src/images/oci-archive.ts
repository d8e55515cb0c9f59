import { createHash } from "node:crypto";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";

/** One image of an archive: a single uncompressed layer and the config that containers inherit. */
export interface OciImage {
  /** The full reference, such as `docker.io/library/busybox:latest`. */
  readonly name: string;
  /** The layer, an uncompressed tar. */
  readonly layer: Uint8Array;
  /** `config` of the OCI image configuration (Env, Cmd, Entrypoint, User, ...). */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Every archive and layer bears this time, so that equal input gives equal bytes. */
export const EPOCH: Date = new Date(0);

const digestOf = (data: Uint8Array): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;

const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** Packs images into one OCI image layout as a tar, deterministically; equal layers are stored once (OCI image-spec 1.0, image-layout.md). */
export const packOciArchive = async (images: readonly OciImage[]): Promise<Uint8Array> => {
  const blobs = new Map<string, Uint8Array>();
  const add = (data: Uint8Array): { digest: string; size: number } => {
    const digest = digestOf(data);
    blobs.set(digest, data);
    return { digest, size: data.length };
  };
  const addJson = (value: unknown): { digest: string; size: number } => add(Buffer.from(JSON.stringify(value)));
  const manifests = images.map((image) => {
    const layer = add(image.layer);
    const config = addJson({
      created: EPOCH.toISOString(),
      architecture,
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: [layer.digest] },
      history: [{ created: EPOCH.toISOString(), created_by: "nk lab" }],
    });
    const manifest = addJson({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
    return {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...manifest,
      platform: { architecture, os: "linux" },
      // containerd imports under the first name, skopeo picks by the second.
      annotations: { "io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": image.name },
    };
  });
  const file = (name: string, data: Uint8Array): TarEntry => ({
    header: { name, size: data.length, mode: 0o644, mtime: EPOCH, type: "file" },
    body: data,
  });
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  return packTar([
    file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file("index.json", Buffer.from(JSON.stringify(index))),
    ...[...blobs].map(([digest, data]) => file(`blobs/${digest.replace(":", "/")}`, data)),
  ]);
};
