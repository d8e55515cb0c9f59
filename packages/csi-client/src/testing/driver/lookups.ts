import { createHash } from "node:crypto";
import type { VolumeCapability } from "../../gen/csi/v1/csi.ts";
import { CsiStatusError, invalidArgument, notFound } from "../status-error.ts";
import type { DriverSnapshot, DriverState, DriverVolume } from "./state.ts";

/** An id made of a name, the same at every attempt, so that a creation that was cut short is found again. Fit for a file name. */
export const idOf = (kind: "volume" | "snapshot" | "group", name: string): string =>
  `${kind}-${createHash("sha256").update(`${kind} ${name}`).digest("hex").slice(0, 32)}`;

/** The volume, or NOT_FOUND. */
export const findVolume = (state: DriverState, id: string): DriverVolume => {
  const volume = state.volumes.get(id);
  if (volume === undefined) throw notFound("volume", id);
  return volume;
};

/** The snapshot, or NOT_FOUND. */
export const findSnapshot = (state: DriverState, id: string): DriverSnapshot => {
  const snapshot = state.snapshots.get(id);
  if (snapshot === undefined) throw notFound("snapshot", id);
  return snapshot;
};

/** Why a volume cannot be used like this, or undefined. */
export const findMisfit = (volume: DriverVolume, capability: VolumeCapability): string | undefined => {
  const isBlock = capability.accessType?.$case === "block";
  if (isBlock === volume.isBlock) return undefined;
  return volume.isBlock ? "it is a block volume" : "it has a file system";
};

/** INVALID_ARGUMENT when a volume cannot be used like this. */
export const checkFit = (volume: DriverVolume, capability: VolumeCapability | undefined): void => {
  const misfit = capability === undefined ? undefined : findMisfit(volume, capability);
  if (misfit !== undefined) throw invalidArgument(`volume ${volume.id} cannot be used like this: ${misfit}`);
};

/** One page of a list; the token is the place of its first entry. A token that is none is ABORTED, as the specification says. */
export const pageOf = <T>(
  items: readonly T[],
  request: { readonly maxEntries: number; readonly startingToken: string },
): { readonly items: readonly T[]; readonly nextToken: string } => {
  const { maxEntries, startingToken } = request;
  if (maxEntries < 0) throw invalidArgument("maxEntries is negative");
  const start = startingToken === "" ? 0 : Number(startingToken);
  if (!/^\d*$/.test(startingToken) || start > items.length)
    throw new CsiStatusError("aborted", `there is no page ${JSON.stringify(startingToken)}`);
  const end = maxEntries === 0 ? items.length : Math.min(items.length, start + maxEntries);
  return { items: items.slice(start, end), nextToken: end < items.length ? String(end) : "" };
};
