import { area, expectThat } from "./check.ts";
import type { SanityCheck, SanityWorld } from "./check.ts";
import { expectOutcome } from "./outcome.ts";

const snapshot = area("snapshot");
const group = area("group-snapshot");

const SNAPSHOTS: readonly SanityCheck[] = [
  snapshot("create", "a snapshot names its volume and the time it was taken", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      const { snapshotId, sourceVolumeId, creationTime } = await volumes.snapshot(volume);
      expectThat(snapshotId !== "", "it has no id");
      expectThat(sourceVolumeId === volume.volumeId, `it is of ${sourceVolumeId}`);
      expectThat(creationTime !== undefined && creationTime.getTime() > 0, "it has no creation time");
    },
  }),
  snapshot("idempotent", "the same name gives the same snapshot", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ calls, volumes, newName }) => {
      const { volumeId } = await volumes.create();
      const request = { name: newName("snapshot"), sourceVolumeId: volumeId };
      const [first, second] = [await calls.createSnapshot(request), await calls.createSnapshot(request)];
      for (const { snapshot: made } of [first, second]) volumes.willDeleteSnapshot(made?.snapshotId);
      expectThat(first.snapshot?.snapshotId === second.snapshot?.snapshotId, "the ids differ");
    },
  }),
  snapshot("other-source", "the name of a snapshot of another volume is refused", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ calls, volumes, newName }) => {
      const [one, other] = [await volumes.create(), await volumes.create()];
      const name = newName("snapshot");
      const made = await calls.createSnapshot({ name, sourceVolumeId: one.volumeId });
      volumes.willDeleteSnapshot(made.snapshot?.snapshotId);
      await expectOutcome(calls.createSnapshot({ name, sourceVolumeId: other.volumeId }), "already-exists");
    },
  }),
  snapshot("long-name", "a snapshot name of 128 bytes is taken", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ calls, volumes, newName }) => {
      const { volumeId } = await volumes.create();
      const made = await calls.createSnapshot({ name: newName("snapshot").padEnd(128, "x"), sourceVolumeId: volumeId });
      volumes.willDeleteSnapshot(made.snapshot?.snapshotId);
    },
  }),
  snapshot("delete-twice", "a snapshot can be deleted twice", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ calls, volumes }) => {
      const { snapshotId } = await volumes.snapshot(await volumes.create());
      await expectOutcome(calls.deleteSnapshot({ snapshotId }), "ok");
      await expectOutcome(calls.deleteSnapshot({ snapshotId }), "ok");
    },
  }),
  snapshot("list", "a snapshot is found by its id and by its volume", {
    needs: ["createDeleteVolume", "createDeleteSnapshot", "listSnapshots"],
    run: async ({ calls, volumes }) => {
      const volume = await volumes.create();
      const { snapshotId } = await volumes.snapshot(volume);
      const byId = await calls.listSnapshots({ snapshotId });
      expectThat(byId.entries.length === 1 && byId.entries[0]?.snapshot?.snapshotId === snapshotId, "it is not found by its id");
      const byVolume = await calls.listSnapshots({ sourceVolumeId: volume.volumeId });
      expectThat(
        byVolume.entries.length === 1 && byVolume.entries[0]?.snapshot?.snapshotId === snapshotId,
        "it is not found by its volume",
      );
    },
  }),
  snapshot("list-missing", "nothing is found by an id or a volume that does not exist", {
    needs: ["listSnapshots"],
    run: async ({ calls, unknownId }) => {
      expectThat((await calls.listSnapshots({ snapshotId: unknownId })).entries.length === 0, "something is found by the id");
      expectThat((await calls.listSnapshots({ sourceVolumeId: unknownId })).entries.length === 0, "something is found by the volume");
    },
  }),
  snapshot("list-page", "the list of snapshots keeps to the size of its pages", {
    needs: ["createDeleteVolume", "createDeleteSnapshot", "listSnapshots"],
    run: async ({ calls, volumes }) => {
      const volume = await volumes.create();
      const made = [await volumes.snapshot(volume), await volumes.snapshot(volume)];
      const first = await calls.listSnapshots({ sourceVolumeId: volume.volumeId, maxEntries: 1 });
      expectThat(first.entries.length === 1, `the first page has ${String(first.entries.length)} entries`);
      expectThat(first.nextToken !== "", "there is no second page");
      const second = await calls.listSnapshots({ sourceVolumeId: volume.volumeId, maxEntries: 1, startingToken: first.nextToken });
      const listed = [...first.entries, ...second.entries].map(({ snapshot: found }) => found?.snapshotId);
      expectThat(
        made.every(({ snapshotId }) => listed.includes(snapshotId)),
        `the pages have ${listed.join(", ")}`,
      );
    },
  }),
  snapshot("list-bad-token", "a page of snapshots that does not exist is refused", {
    needs: ["listSnapshots"],
    run: ({ calls }) => expectOutcome(calls.listSnapshots({ startingToken: "sanity-no-such-page" }), "aborted"),
  }),
  snapshot("get", "a snapshot is shown as it was taken", {
    needs: ["createDeleteVolume", "createDeleteSnapshot", "getSnapshot"],
    run: async ({ calls, volumes }) => {
      const made = await volumes.snapshot(await volumes.create());
      const { snapshot: found } = await calls.getSnapshot({ snapshotId: made.snapshotId });
      expectThat(found?.snapshotId === made.snapshotId && found.sourceVolumeId === made.sourceVolumeId, JSON.stringify(found?.snapshotId));
    },
  }),
];

interface MadeGroup {
  readonly groupSnapshotId: string;
  readonly snapshotIds: readonly string[];
}

/** Takes a group of two; deletes it when the work is done. */
const withGroup = async (
  { calls }: SanityWorld,
  request: { readonly name: string; readonly sourceVolumeIds: readonly string[] },
  work: (made: MadeGroup) => Promise<void>,
): Promise<void> => {
  const { groupSnapshot } = await calls.createVolumeGroupSnapshot({ name: request.name, sourceVolumeIds: [...request.sourceVolumeIds] });
  const groupSnapshotId = groupSnapshot?.groupSnapshotId ?? "";
  const snapshotIds = (groupSnapshot?.snapshots ?? []).map(({ snapshotId }) => snapshotId);
  expectThat(groupSnapshotId !== "", "it has no id");
  try {
    await work({ groupSnapshotId, snapshotIds });
  } finally {
    await calls.deleteVolumeGroupSnapshot({ groupSnapshotId, snapshotIds });
  }
};

const twoVolumes = async ({ volumes }: SanityWorld): Promise<readonly string[]> => [
  (await volumes.create()).volumeId,
  (await volumes.create()).volumeId,
];

const needs = ["createDeleteVolume", "groupSnapshots"] as const;

const GROUPS: readonly SanityCheck[] = [
  group("create", "a group has one snapshot of each volume, and they name it", {
    needs,
    run: async (world) => {
      const sourceVolumeIds = await twoVolumes(world);
      await withGroup(world, { name: world.newName("group"), sourceVolumeIds }, async ({ groupSnapshotId, snapshotIds }) => {
        expectThat(snapshotIds.length === 2, `it has ${String(snapshotIds.length)}`);
        const { groupSnapshot } = await world.calls.getVolumeGroupSnapshot({ groupSnapshotId, snapshotIds: [...snapshotIds] });
        const snapshots = groupSnapshot?.snapshots ?? [];
        expectThat(
          snapshots.every((member) => member.groupSnapshotId === groupSnapshotId),
          "a snapshot does not name its group",
        );
        expectThat(
          sourceVolumeIds.every((id) => snapshots.some(({ sourceVolumeId }) => sourceVolumeId === id)),
          "a volume has no snapshot",
        );
      });
    },
  }),
  group("idempotent", "the same name gives the same group", {
    needs,
    run: async (world) => {
      const request = { name: world.newName("group"), sourceVolumeIds: await twoVolumes(world) };
      await withGroup(world, request, async ({ groupSnapshotId }) => {
        const { groupSnapshot } = await world.calls.createVolumeGroupSnapshot({
          ...request,
          sourceVolumeIds: [...request.sourceVolumeIds],
        });
        expectThat(groupSnapshot?.groupSnapshotId === groupSnapshotId, "the ids differ");
      });
    },
  }),
  group("delete-twice", "a group can be deleted twice", {
    needs,
    run: async (world) => {
      const request = { name: world.newName("group"), sourceVolumeIds: await twoVolumes(world) };
      await withGroup(world, request, async ({ groupSnapshotId, snapshotIds }) => {
        const call = world.calls.deleteVolumeGroupSnapshot({ groupSnapshotId, snapshotIds: [...snapshotIds] });
        await expectOutcome(call, "ok");
      });
    },
  }),
];

/** Snapshots of one volume and of several. */
export const SNAPSHOT_CHECKS: readonly SanityCheck[] = [...SNAPSHOTS, ...GROUPS];
