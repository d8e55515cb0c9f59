import type { Volume } from "@nk/pod-model";
import { VolumesError } from "../errors.ts";
import type { VolumesPorts } from "../ports.ts";
import { configMapPlugin } from "./config-map.ts";
import { downwardApiPlugin } from "./downward-api.ts";
import { emptyDirPlugin } from "./empty-dir.ts";
import { hostPathPlugin } from "./host-path.ts";
import { imagePlugin } from "./image.ts";
import type { VolumePlugin } from "./plugin.ts";
import { projectedPlugin } from "./projected.ts";
import { secretPlugin } from "./secret.ts";

/** Every kind of volume there is. */
export const PLUGINS: readonly VolumePlugin[] = [
  emptyDirPlugin,
  hostPathPlugin,
  configMapPlugin,
  secretPlugin,
  downwardApiPlugin,
  projectedPlugin,
  imagePlugin,
];

/** The plugin of a volume. Throws `unsupported-source` with the path of the field that cannot be had. */
export const findPlugin = (volume: Volume, index: number, ports: VolumesPorts): VolumePlugin => {
  const at = `spec.volumes[${index}]`;
  const plugin = PLUGINS.find(({ source }) => volume[source] !== undefined);
  if (plugin === undefined) {
    const sources = Object.keys(volume).filter((key) => key !== "name");
    const [first = ""] = sources;
    throw new VolumesError("unsupported-source", `volume source ${sources.join(", ")} is not supported by nk yet (${at}.${first})`);
  }
  const refusal = plugin.refusal?.(volume, ports);
  if (refusal !== undefined) throw new VolumesError("unsupported-source", `${at}.${refusal.field}: ${refusal.why}`);
  return plugin;
};
