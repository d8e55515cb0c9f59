import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packBusyboxLayer, packPauseLayer } from "./layers.ts";
import { packOciArchive } from "./oci-archive.ts";
import type { OciImage } from "./oci-archive.ts";

/** The images every lab holds. */
export interface LabImages {
  /** A shell as root; `CMD ["sh"]`. */
  readonly busybox: string;
  /** The same with `USER nobody`: a name that a kubelet cannot prove to be non-root. */
  readonly busyboxNobody: string;
  /** The same with `USER 1000`. */
  readonly busyboxNumeric: string;
  /** The sandbox image. */
  readonly pause: string;
}

/** Their references. */
export const LAB_IMAGES: LabImages = {
  busybox: "docker.io/library/busybox:latest",
  busyboxNobody: "docker.io/library/busybox-nobody:latest",
  busyboxNumeric: "docker.io/library/busybox-1000:latest",
  pause: "docker.io/library/nk-pause:latest",
};

/** Part of the cache's key: raise it when what this file makes changes. */
const BUILDER_VERSION = "1";

/** Where archives and unpacked packages are kept between runs. */
export const DEFAULT_CACHE_DIR = "/var/cache/nk-lab";

/** An OCI archive with all lab images. */
export interface BuiltImages {
  readonly archive: string;
  /** Changes with the archive's content. */
  readonly key: string;
  readonly images: LabImages;
}

const cacheKey = async (): Promise<string> => {
  const hash = createHash("sha256").update(BUILDER_VERSION).update(JSON.stringify(LAB_IMAGES));
  for (const path of ["/bin/busybox", "/usr/bin/catatonit"]) {
    try {
      hash.update(await readFile(path));
    } catch {
      // The build says which package is missing.
    }
  }
  return hash.digest("hex").slice(0, 16);
};

const describeImages = async (signal?: AbortSignal): Promise<OciImage[]> => {
  const layer = await packBusyboxLayer(signal);
  const shell = { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"] };
  return [
    { name: LAB_IMAGES.busybox, layer, config: shell },
    { name: LAB_IMAGES.busyboxNobody, layer, config: { ...shell, User: "nobody" } },
    { name: LAB_IMAGES.busyboxNumeric, layer, config: { ...shell, User: "1000" } },
    { name: LAB_IMAGES.pause, layer: await packPauseLayer(), config: { Entrypoint: ["/catatonit", "-P"] } },
  ];
};

/** Builds the lab's images offline from the host's static busybox and catatonit; the same input gives the same bytes. Cached. */
export const buildImages = async (options: { readonly cacheDir?: string; readonly signal?: AbortSignal } = {}): Promise<BuiltImages> => {
  const key = await cacheKey();
  const archive = join(options.cacheDir ?? DEFAULT_CACHE_DIR, `images-${key}.tar`);
  if (!existsSync(archive)) await writeWhole(archive, await packOciArchive(await describeImages(options.signal)));
  return { archive, key, images: LAB_IMAGES };
};

/** Writes an OCI archive that holds one image, for a registry or a test of its own. */
export const writeImage = async (archive: string, image: OciImage): Promise<void> => writeWhole(archive, await packOciArchive([image]));

const writeWhole = async (path: string, data: Uint8Array): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, data);
  await rename(draft, path);
};
