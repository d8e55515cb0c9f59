import { readFile } from "node:fs/promises";
import { createDriverState } from "@nk/csi-client/testing";
import type { DriverGroup, DriverSnapshot, DriverState, DriverVolume } from "@nk/csi-client/testing";
import { writeFileAtomic } from "@nk/stdx";

interface Stored {
  readonly volumes: readonly DriverVolume[];
  readonly snapshots: readonly DriverSnapshot[];
  readonly groups: readonly DriverGroup[];
}

/** JSON has no bigint: sizes are strings of digits with an `n`. */
const write = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${String(value)}n` : value);
const read = (key: string, value: unknown): unknown =>
  key.endsWith("Bytes") && typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;

/** The state in the file; an empty one when there is none. A file that cannot be read is an error: its volumes would be lost. */
export const loadState = async (path: string): Promise<DriverState> => {
  const state = createDriverState();
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return state;
    throw error;
  }
  const stored = JSON.parse(text, read) as Stored;
  for (const volume of stored.volumes) state.volumes.set(volume.id, volume);
  for (const snapshot of stored.snapshots) state.snapshots.set(snapshot.id, snapshot);
  for (const group of stored.groups) state.groups.set(group.id, group);
  return state;
};

/** Writes the state whole; one writing at a time, and what changed meanwhile is written next. */
export const createStateWriter = (path: string, state: DriverState): (() => Promise<void>) => {
  let running: Promise<void> = Promise.resolve();
  let text = "";
  return async () => {
    const previous = running;
    const next = async (): Promise<void> => {
      await previous.catch(() => undefined);
      const stored: Stored = {
        volumes: [...state.volumes.values()],
        snapshots: [...state.snapshots.values()],
        groups: [...state.groups.values()],
      };
      const changed = `${JSON.stringify(stored, write)}\n`;
      if (changed === text) return;
      // Survives the driver's end; a power cut costs no test anything, and each fsync would cost it milliseconds.
      await writeFileAtomic(path, changed, { mode: 0o600, fsync: false });
      text = changed;
    };
    running = next();
    await running;
  };
};
