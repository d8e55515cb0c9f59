import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { createDriverHandlers, startCsiServer } from "@nk/csi-client/testing";
import type { DriverOptions, DriverState } from "@nk/csi-client/testing";
import { createMounts } from "@nk/mounts";
import type { Mounts } from "@nk/mounts";
import { createPublishing } from "./publishing.ts";
import { startRegistration } from "./registration.ts";
import { createStateWriter, loadState } from "./state-file.ts";
import { createSnapshotStorage, createVolumeStorage, kindOf, mountTmpfsVolume } from "./storage.ts";

/** What {@link startHostpathDriver} takes. */
export interface HostpathOptions extends Omit<DriverOptions, "clock" | "isReady"> {
  /** Where volumes, snapshots and the state are; made when it is missing. */
  readonly root: string;
  /** Nothing is staged or published outside it: the kubelet's directory. It exists. */
  readonly targetRoot: string;
  /** The driver's socket. */
  readonly socketPath: string;
  /** The socket for the kubelet, in its plugins_registry; default none. */
  readonly registrationPath?: string;
  /** What the kubelet made of the registration. */
  readonly onRegistration?: (status: { readonly pluginRegistered: boolean; readonly error: string }) => void;
}

/** A driver that serves until disposed. What it mounted stays, as a driver's restart must not disturb workloads. */
export interface HostpathDriver extends AsyncDisposable {
  /** `unix:///...` */
  readonly endpoint: string;
}

/** After a reboot nothing is mounted any more, whatever the state says. */
const forgetWhatIsGone = async (state: DriverState, targets: Mounts): Promise<void> => {
  for (const volume of state.volumes.values()) {
    const entries = await Promise.all(
      Object.entries(volume.publishedAt).map(async ([path, how]) =>
        (await targets.find(path)) === undefined ? [] : [[path, how] as const],
      ),
    );
    state.volumes.set(volume.id, { ...volume, publishedAt: Object.fromEntries(entries.flat()) });
  }
};

/** Starts the driver; volumes of before are served again. Needs root. */
export const startHostpathDriver = async (options: HostpathOptions): Promise<HostpathDriver> => {
  const { socketPath, registrationPath, name = "hostpath.csi.nk.example" } = options;
  for (const folder of ["volumes", "snapshots"]) await mkdir(join(options.root, folder), { recursive: true, mode: 0o700 });
  const root = await realpath(options.root);
  const targetRoot = options.targetRoot.replace(/\/+$/, "");
  const statePath = join(root, "state.json");
  const state = await loadState(statePath);
  const [ownMounts, targets] = [createMounts({ rootDir: root }), createMounts({ rootDir: targetRoot })];
  await forgetWhatIsGone(state, targets);
  for (const volume of state.volumes.values()) if (kindOf(volume) === "tmpfs") await mountTmpfsVolume(root, ownMounts, volume);
  const backend = {
    volumes: createVolumeStorage(root, ownMounts),
    snapshots: createSnapshotStorage(root),
    mounts: createPublishing({ root, targetRoot, mounts: targets }),
  };
  const handlers = createDriverHandlers({ ...options, name }, { backend, state, save: createStateWriter(statePath, state) });
  await using started = new AsyncDisposableStack();
  const server = started.use(await startCsiServer({ socketPath, handlers }));
  if (registrationPath !== undefined) {
    const onStatus = options.onRegistration ?? ((): void => undefined);
    started.use(await startRegistration({ socketPath: registrationPath, driverName: name, endpoint: socketPath, onStatus }));
  }
  const serving = started.move();
  return { endpoint: server.endpoint, [Symbol.asyncDispose]: () => serving.disposeAsync() };
};
