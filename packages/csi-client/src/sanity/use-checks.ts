import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VolumeUsage_Unit as Unit } from "../gen/csi/v1/csi.ts";
import { area, expectThat, SanitySkip } from "./check.ts";
import type { SanityCheck } from "./check.ts";
import { exists, LIFE } from "./node-checks.ts";
import { expectOutcome, outcomeOf } from "./outcome.ts";
import type { PublishedVolume } from "./volumes-under-test.ts";

const use = area("node-use");

const writeThrough = (published: PublishedVolume, text: string): Promise<void> => writeFile(join(published.targetPath, "sanity"), text);
const readThrough = (published: PublishedVolume): Promise<string> => readFile(join(published.targetPath, "sanity"), "utf8").catch(String);

const DATA: readonly SanityCheck[] = [
  use("data-stays", "what is written to a volume is there when it is published again", {
    needs: LIFE,
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      const first = await volumes.publish(volume);
      await writeThrough(first, "kept");
      await volumes.unpublish(first);
      await volumes.unstage(first);
      const text = await readThrough(await volumes.publish(volume));
      expectThat(text === "kept", `there is ${text}`);
    },
  }),
  use("data-apart", "what is written to a volume is not in another", {
    needs: LIFE,
    run: async ({ volumes }) => {
      const [one, other] = [await volumes.publish(await volumes.create()), await volumes.publish(await volumes.create())];
      await writeThrough(one, "mine");
      expectThat(!(await exists(join(other.targetPath, "sanity"))), "it is");
    },
  }),
  use("data-shared", "a volume published at two paths is the same volume", {
    needs: LIFE,
    run: async ({ calls, volumes, newName }) => {
      const first = await volumes.publish(await volumes.create());
      const request = volumes.publishRequest(first, newName("second"));
      const { code } = await outcomeOf(calls.nodePublishVolume(request));
      if (code !== "ok") throw new SanitySkip(`the driver answers ${code}: it publishes a volume once`);
      const second = { ...first, targetPath: request.targetPath };
      await writeThrough(first, "shared");
      const text = await readThrough(second);
      await volumes.unpublish(second);
      expectThat(text === "shared", `there is ${text}`);
    },
  }),
  use("read-only", "a volume published read-only cannot be written to", {
    needs: LIFE,
    run: async ({ calls, volumes }) => {
      const staged = await volumes.stage(await volumes.create());
      await calls.nodePublishVolume({ ...volumes.publishRequest(staged), readonly: true });
      const written = await writeThrough(staged, "x").then(
        () => true,
        () => false,
      );
      await volumes.unpublish(staged);
      expectThat(!written, "it can");
    },
  }),
  use("clone-data", "a clone has the data of its volume, and from then on its own", {
    needs: [...LIFE, "cloneVolume"],
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      const original = await volumes.publish(volume);
      await writeThrough(original, "old");
      const source = { type: { $case: "volume" as const, value: { volumeId: volume.volumeId } } };
      const clone = await volumes.publish(await volumes.create({ volumeContentSource: source }));
      await writeThrough(original, "new");
      const text = await readThrough(clone);
      expectThat(text === "old", `there is ${text}`);
    },
  }),
  use("snapshot-data", "a volume made of a snapshot has the data of that moment", {
    needs: [...LIFE, "createDeleteSnapshot"],
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      const original = await volumes.publish(volume);
      await writeThrough(original, "then");
      const { snapshotId } = await volumes.snapshot(volume);
      await writeThrough(original, "later");
      const source = { type: { $case: "snapshot" as const, value: { snapshotId } } };
      const text = await readThrough(await volumes.publish(await volumes.create({ volumeContentSource: source })));
      expectThat(text === "then", `there is ${text}`);
    },
  }),
  use("stats", "the statistics of a published volume are in bytes and make sense", {
    needs: [...LIFE, "volumeStats"],
    run: async ({ calls, volumes }) => {
      const { volume, targetPath } = await volumes.publish(await volumes.create());
      const { usage } = await calls.nodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: targetPath });
      const bytes = usage.find(({ unit }) => unit === Unit.BYTES);
      expectThat(bytes !== undefined, "there are no bytes");
      expectThat(
        usage.every(({ total, used, available }) => total >= 0n && used >= 0n && available >= 0n),
        "something is negative",
      );
      expectThat(
        usage.every(({ total, used }) => total === 0n || used <= total),
        "more is used than there is",
      );
    },
  }),
  use("stats-condition", "the statistics of a volume that is well say so", {
    needs: [...LIFE, "volumeStats", "nodeVolumeCondition"],
    run: async ({ calls, volumes }) => {
      const { volume, targetPath } = await volumes.publish(await volumes.create());
      const { volumeCondition } = await calls.nodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: targetPath });
      expectThat(volumeCondition?.abnormal === false, `they say ${JSON.stringify(volumeCondition)}`);
    },
  }),
  use("stats-elsewhere", "there are no statistics of a volume at a path where it is not", {
    needs: [...LIFE, "volumeStats"],
    run: async ({ calls, volumes }) => {
      const { volume, targetPath } = await volumes.publish(await volumes.create());
      await expectOutcome(calls.nodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: `${targetPath}-elsewhere` }), "not-found");
    },
  }),
  use("expand", "a volume that grew is grown on the node, twice the same", {
    needs: [...LIFE, "controllerExpand", "nodeExpand"],
    run: async ({ calls, volumes, driver }) => {
      if (driver.supports.offlineExpansion && !driver.supports.onlineExpansion)
        throw new SanitySkip("the driver does not expand volumes that are published");
      const { volume, targetPath, stagingPath, capability } = await volumes.publish(await volumes.create());
      const { volumeId } = volume;
      const requiredBytes = volume.capacityBytes * 2n;
      await calls.controllerExpandVolume({ volumeId, capacityRange: { requiredBytes }, volumeCapability: capability });
      const stagingTargetPath = driver.supports.stageUnstage ? stagingPath : "";
      const request = {
        volumeId,
        volumePath: targetPath,
        stagingTargetPath,
        capacityRange: { requiredBytes },
        volumeCapability: capability,
      };
      await expectOutcome(calls.nodeExpandVolume(request), "ok");
      await expectOutcome(calls.nodeExpandVolume(request), "ok");
    },
  }),
];

const GROWTH: readonly SanityCheck[] = [
  use("expand-no-path", "a volume is not grown without a path", {
    needs: [...LIFE, "nodeExpand"],
    run: async ({ calls, volumes }) => {
      const { volume } = await volumes.publish(await volumes.create());
      await expectOutcome(calls.nodeExpandVolume({ volumeId: volume.volumeId }), "invalid-argument");
    },
  }),
];

/** What a workload sees of its volume. */
export const USE_CHECKS: readonly SanityCheck[] = [...DATA, ...GROWTH];
