import { area, expectThat, SanitySkip } from "./check.ts";
import type { SanityCheck, SanityWorld } from "./check.ts";
import { expectOutcome } from "./outcome.ts";

const publish = area("controller-publish");
const look = area("controller-look");
const change = area("controller-change");

const nodeIdOf = ({ node }: SanityWorld): string => {
  if (node === undefined) throw new SanitySkip("there is no node service to ask for the node's id");
  return node.nodeId;
};

const PUBLISHING: readonly SanityCheck[] = [
  publish("twice", "a volume is published to a node twice with the same answer, and unpublished twice", {
    needs: ["createDeleteVolume", "publishUnpublishVolume"],
    run: async (world) => {
      const { calls, volumes } = world;
      const nodeId = nodeIdOf(world);
      const { volumeId, volumeContext } = await volumes.create();
      const request = { volumeId, nodeId, volumeCapability: volumes.capability, volumeContext };
      const [first, second] = [await calls.controllerPublishVolume(request), await calls.controllerPublishVolume(request)];
      await expectOutcome(calls.controllerUnpublishVolume({ volumeId, nodeId }), "ok");
      await expectOutcome(calls.controllerUnpublishVolume({ volumeId, nodeId }), "ok");
      expectThat(JSON.stringify(first) === JSON.stringify(second), "the publish contexts differ");
    },
  }),
  publish("missing-node", "a volume is not published to a node that does not exist", {
    needs: ["createDeleteVolume", "publishUnpublishVolume"],
    run: async ({ calls, volumes, unknownId }) => {
      const { volumeId, volumeContext } = await volumes.create();
      const request = { volumeId, nodeId: unknownId, volumeCapability: volumes.capability, volumeContext };
      await expectOutcome(calls.controllerPublishVolume(request), "not-found");
    },
  }),
  publish("other-readonly", "a volume that is published is not published read-only as well", {
    needs: ["createDeleteVolume", "publishUnpublishVolume", "publishReadonly"],
    run: async (world) => {
      const { calls, volumes } = world;
      const nodeId = nodeIdOf(world);
      const { volumeId, volumeContext } = await volumes.create();
      const request = { volumeId, nodeId, volumeCapability: volumes.capability, volumeContext };
      await calls.controllerPublishVolume(request);
      try {
        await expectOutcome(calls.controllerPublishVolume({ ...request, readonly: true }), "already-exists");
      } finally {
        await calls.controllerUnpublishVolume({ volumeId, nodeId });
      }
    },
  }),
  publish("listed", "the list says to which nodes a volume is published", {
    needs: ["createDeleteVolume", "publishUnpublishVolume", "listVolumes", "listVolumesPublishedNodes"],
    run: async (world) => {
      const { calls, volumes } = world;
      const nodeId = nodeIdOf(world);
      const { volumeId, volumeContext } = await volumes.create();
      await calls.controllerPublishVolume({ volumeId, nodeId, volumeCapability: volumes.capability, volumeContext });
      const { entries } = await calls.listVolumes();
      await calls.controllerUnpublishVolume({ volumeId, nodeId });
      const status = entries.find(({ volume }) => volume?.volumeId === volumeId)?.status;
      expectThat(status?.publishedNodeIds.includes(nodeId) === true, `it says ${JSON.stringify(status?.publishedNodeIds)}`);
    },
  }),
  publish("unpublish-everywhere", "a volume is unpublished from all nodes when none is named", {
    needs: ["createDeleteVolume", "publishUnpublishVolume"],
    run: async (world) => {
      const { calls, volumes } = world;
      const nodeId = nodeIdOf(world);
      const { volumeId, volumeContext } = await volumes.create();
      await calls.controllerPublishVolume({ volumeId, nodeId, volumeCapability: volumes.capability, volumeContext });
      await expectOutcome(calls.controllerUnpublishVolume({ volumeId }), "ok");
    },
  }),
];

/** Pages through a list; fails when it does not end or has something twice. */
const readPages = async (
  list: (startingToken: string) => Promise<{ readonly ids: readonly (string | undefined)[]; readonly nextToken: string }>,
): Promise<readonly string[]> => {
  const found: string[] = [];
  let token = "";
  for (let page = 0; page < 1_000; page += 1) {
    const { ids, nextToken } = await list(token);
    for (const id of ids) {
      expectThat(id !== undefined && id !== "", "an entry has no id");
      expectThat(!found.includes(id ?? ""), `${String(id)} is there twice`);
      found.push(id ?? "");
    }
    if (nextToken === "") return found;
    token = nextToken;
  }
  throw new Error("the list has not ended after 1000 pages");
};

const LOOKS: readonly SanityCheck[] = [
  look("validate", "the capabilities that a volume was made with are confirmed", {
    needs: ["createDeleteVolume", "controller"],
    run: async ({ calls, volumes }) => {
      const { volumeId, volumeContext } = await volumes.create();
      const { confirmed, message } = await calls.validateVolumeCapabilities({
        volumeId,
        volumeContext,
        volumeCapabilities: [volumes.capability],
      });
      expectThat(confirmed !== undefined, `they are not: ${message}`);
      expectThat(confirmed?.volumeCapabilities.length === 1, `${String(confirmed?.volumeCapabilities.length)} are`);
    },
  }),
  look("list", "a volume that was made is listed", {
    needs: ["createDeleteVolume", "listVolumes"],
    run: async ({ calls, volumes }) => {
      const { volumeId } = await volumes.create();
      const { entries } = await calls.listVolumes();
      expectThat(
        entries.some(({ volume }) => volume?.volumeId === volumeId),
        "it is not",
      );
    },
  }),
  look("list-pages", "the list can be read in pages of one", {
    needs: ["createDeleteVolume", "listVolumes"],
    run: async ({ calls, volumes }) => {
      const made = [await volumes.create(), await volumes.create(), await volumes.create()];
      const listed = await readPages(async (startingToken) => {
        const { entries, nextToken } = await calls.listVolumes({ maxEntries: 1, startingToken });
        expectThat(entries.length <= 1, `a page has ${String(entries.length)} entries`);
        return { ids: entries.map(({ volume }) => volume?.volumeId), nextToken };
      });
      const missing = made.find(({ volumeId }) => !listed.includes(volumeId));
      expectThat(missing === undefined, `${missing?.volumeId ?? ""} is on none of the pages`);
    },
  }),
  look("list-bad-token", "a page that does not exist is refused", {
    needs: ["listVolumes"],
    run: ({ calls }) => expectOutcome(calls.listVolumes({ startingToken: "sanity-no-such-page" }), "aborted"),
  }),
  look("get", "a volume is shown as it was made", {
    needs: ["createDeleteVolume", "getVolume"],
    run: async ({ calls, volumes }) => {
      const made = await volumes.create();
      const { volume, status } = await calls.controllerGetVolume({ volumeId: made.volumeId });
      expectThat(volume?.volumeId === made.volumeId, `the id is ${volume?.volumeId ?? "not there"}`);
      expectThat(volume?.capacityBytes === made.capacityBytes, `the capacity is ${String(volume?.capacityBytes)}`);
      expectThat(status !== undefined, "there is no status");
    },
  }),
  look("condition", "a new volume is said to be well", {
    needs: ["createDeleteVolume", "getVolume", "controllerVolumeCondition"],
    run: async ({ calls, volumes }) => {
      const { volumeId } = await volumes.create();
      const { status } = await calls.controllerGetVolume({ volumeId });
      expectThat(status?.volumeCondition?.abnormal === false, `the condition is ${JSON.stringify(status?.volumeCondition)}`);
    },
  }),
  look("capacity", "there is room, and the bounds of a volume make sense", {
    needs: ["getCapacity"],
    run: async ({ calls }) => {
      const { availableCapacity, maximumVolumeSize, minimumVolumeSize } = await calls.getCapacity();
      expectThat(availableCapacity >= 0n, `the capacity is ${String(availableCapacity)}`);
      expectThat((maximumVolumeSize ?? 1n) >= (minimumVolumeSize ?? 0n), "the largest volume is smaller than the smallest");
    },
  }),
];

const CHANGES: readonly SanityCheck[] = [
  change("expand", "a volume grows to what is required, and stays so when asked again", {
    needs: ["createDeleteVolume", "controllerExpand"],
    run: async ({ calls, volumes }) => {
      const { volumeId, capacityBytes } = await volumes.create();
      const requiredBytes = capacityBytes * 2n;
      const request = { volumeId, capacityRange: { requiredBytes }, volumeCapability: volumes.capability };
      const [first, second] = [await calls.controllerExpandVolume(request), await calls.controllerExpandVolume(request)];
      expectThat(first.capacityBytes >= requiredBytes, `it has ${String(first.capacityBytes)} bytes of ${String(requiredBytes)}`);
      expectThat(second.capacityBytes === first.capacityBytes, `then it has ${String(second.capacityBytes)}`);
    },
  }),
  change("expand-no-shrink", "a volume that is larger than required stays as it is", {
    needs: ["createDeleteVolume", "controllerExpand"],
    run: async ({ calls, volumes }) => {
      const made = await volumes.create();
      const { capacityBytes } = await calls.controllerExpandVolume({ volumeId: made.volumeId, capacityRange: { requiredBytes: 1n } });
      expectThat(capacityBytes >= made.capacityBytes, `it has ${String(capacityBytes)} bytes of ${String(made.capacityBytes)}`);
    },
  }),
  change("expand-huge", "a volume does not grow to four exbibytes", {
    needs: ["createDeleteVolume", "controllerExpand"],
    run: async ({ calls, volumes }) => {
      const { volumeId } = await volumes.create();
      const call = calls.controllerExpandVolume({ volumeId, capacityRange: { requiredBytes: 2n ** 62n - 4096n } });
      await expectOutcome(call, "out-of-range", "resource-exhausted");
    },
  }),
  change("modify-unknown", "a parameter that nobody knows is refused", {
    needs: ["createDeleteVolume", "modifyVolume"],
    run: async ({ calls, volumes }) => {
      const { volumeId } = await volumes.create();
      await expectOutcome(
        calls.controllerModifyVolume({ volumeId, mutableParameters: { "sanity-no-such-parameter": "1" } }),
        "invalid-argument",
      );
    },
  }),
];

/** What a controller does with volumes that exist. */
export const CONTROLLER_CHECKS: readonly SanityCheck[] = [...PUBLISHING, ...LOOKS, ...CHANGES];
