import { mkdir, rmdir, stat } from "node:fs/promises";
import { VolumeUsage_Unit as Unit } from "../gen/csi/v1/csi.ts";
import type { CsiSupports } from "../supports.ts";
import { area, expectThat, SanitySkip } from "./check.ts";
import type { SanityCheck, SanityWorld } from "./check.ts";
import { expectOutcome, outcomeOf } from "./outcome.ts";
import type { PublishedVolume } from "./volumes-under-test.ts";

const stage = area("node-stage");
const publish = area("node-publish");
const block = area("node-block");

/** What it takes to have a volume at a path. */
export const LIFE: readonly (keyof CsiSupports)[] = ["createDeleteVolume", "node"];
const STAGED: readonly (keyof CsiSupports)[] = [...LIFE, "stageUnstage"];

/** Whether something is there. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const stageRequest = ({ volume, stagingPath, capability, publishContext }: PublishedVolume, { volumes }: SanityWorld): object => ({
  ...volumes.publishRequest({ volume, stagingPath, capability, publishContext, targetPath: "" }),
  stagingTargetPath: stagingPath,
});

const STAGING: readonly SanityCheck[] = [
  stage("twice", "a volume is staged twice and unstaged twice", {
    needs: STAGED,
    run: async (world) => {
      const { calls, volumes } = world;
      const staged = await volumes.stage(await volumes.create());
      await expectOutcome(calls.nodeStageVolume(stageRequest(staged, world)), "ok");
      const request = { volumeId: staged.volume.volumeId, stagingTargetPath: staged.stagingPath };
      await expectOutcome(calls.nodeUnstageVolume(request), "ok");
      await expectOutcome(calls.nodeUnstageVolume(request), "ok");
    },
  }),
  stage("parallel", "a volume staged five times at once is staged, or the driver says that it is at it", {
    needs: STAGED,
    run: async (world) => {
      const { calls, volumes } = world;
      const staged = await volumes.stage(await volumes.create());
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcomeOf(calls.nodeStageVolume(stageRequest(staged, world)))));
      const odd = outcomes.find(({ code }) => code !== "ok" && code !== "aborted");
      expectThat(odd === undefined, `one call was answered ${odd?.code ?? ""} (${odd?.text ?? ""})`);
    },
  }),
  stage("again", "a volume that was unstaged can be staged and published again", {
    needs: STAGED,
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      await volumes.unstage(await volumes.stage(volume));
      await volumes.publish(volume);
    },
  }),
  stage("required", "a volume is not published without a staging path", {
    needs: STAGED,
    run: async ({ calls, volumes }) => {
      const staged = await volumes.stage(await volumes.create());
      const request = { ...volumes.publishRequest(staged), stagingTargetPath: "" };
      await expectOutcome(calls.nodePublishVolume(request), "failed-precondition", "invalid-argument");
    },
  }),
];

const PUBLISHING: readonly SanityCheck[] = [
  publish("twice", "a volume is published twice and unpublished twice", {
    needs: LIFE,
    run: async ({ calls, volumes }) => {
      const published = await volumes.publish(await volumes.create());
      await expectOutcome(calls.nodePublishVolume(volumes.publishRequest(published)), "ok");
      const request = { volumeId: published.volume.volumeId, targetPath: published.targetPath };
      await expectOutcome(calls.nodeUnpublishVolume(request), "ok");
      await expectOutcome(calls.nodeUnpublishVolume(request), "ok");
    },
  }),
  publish("directory", "the target of a mounted volume is a directory, and gone when it is unpublished", {
    needs: LIFE,
    run: async ({ volumes }) => {
      const published = await volumes.publish(await volumes.create());
      const isDirectory = (await stat(published.targetPath)).isDirectory();
      await volumes.unpublish(published);
      expectThat(isDirectory, "it is no directory");
      expectThat(!(await exists(published.targetPath)), "it is still there");
    },
  }),
  publish("existing-target", "a target directory that is there already is used", {
    needs: LIFE,
    run: async ({ calls, volumes }) => {
      const staged = await volumes.stage(await volumes.create());
      await mkdir(staged.targetPath);
      try {
        // Drivers are to make the target, and the kubelet has them do it; older callers made it themselves.
        const { code } = await outcomeOf(calls.nodePublishVolume(volumes.publishRequest(staged)));
        if (code !== "ok") throw new SanitySkip(`the driver answers ${code}: it insists on making the target`);
        await calls.nodeUnpublishVolume({ volumeId: staged.volume.volumeId, targetPath: staged.targetPath });
      } finally {
        await rmdir(staged.targetPath).catch(() => undefined);
      }
    },
  }),
  publish("parallel", "a volume published five times at once is published, or the driver says that it is at it", {
    needs: LIFE,
    run: async ({ calls, volumes }) => {
      const published = await volumes.publish(await volumes.create());
      const request = volumes.publishRequest(published);
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcomeOf(calls.nodePublishVolume(request))));
      const odd = outcomes.find(({ code }) => code !== "ok" && code !== "aborted");
      expectThat(odd === undefined, `one call was answered ${odd?.code ?? ""} (${odd?.text ?? ""})`);
    },
  }),
  publish("unpublish-unpublished", "a volume that is not published at a path is unpublished there", {
    needs: LIFE,
    run: async ({ calls, volumes, newName }) => {
      const staged = await volumes.stage(await volumes.create());
      const targetPath = `${staged.targetPath}-${newName("none")}`;
      await expectOutcome(calls.nodeUnpublishVolume({ volumeId: staged.volume.volumeId, targetPath }), "ok");
    },
  }),
  publish("other-access", "a mounted volume is not published as a block device", {
    needs: LIFE,
    run: async ({ calls, volumes }) => {
      const staged = await volumes.stage(await volumes.create());
      const request = { ...volumes.publishRequest(staged), volumeCapability: volumes.blockCapability };
      const { code } = await outcomeOf(calls.nodePublishVolume(request));
      if (code === "ok") await volumes.unpublish(staged);
      expectThat(["invalid-argument", "failed-precondition", "already-exists"].includes(code), `answered ${code}`);
    },
  }),
];

/** A block volume, or a skip when the driver has none. */
const publishBlock = async ({ calls, volumes }: SanityWorld): Promise<PublishedVolume> => {
  const request = volumes.request({ volumeCapabilities: [volumes.blockCapability] });
  let volumeId: string | undefined;
  const { code } = await outcomeOf(calls.createVolume(request).then(({ volume }) => (volumeId = volume?.volumeId)));
  volumes.willDelete(volumeId);
  if (code !== "ok") throw new SanitySkip(`the driver answers ${code}: it has no block volumes`);
  return volumes.publish(await volumes.create(request), volumes.blockCapability);
};

const BLOCK: readonly SanityCheck[] = [
  block("life", "the target of a block volume is no directory, and gone when it is unpublished", {
    needs: LIFE,
    run: async (world) => {
      const published = await publishBlock(world);
      const isDirectory = (await stat(published.targetPath)).isDirectory();
      await world.volumes.unpublish(published);
      expectThat(!isDirectory, "it is a directory");
      expectThat(!(await exists(published.targetPath)), "it is still there");
    },
  }),
  block("twice", "a block volume is published twice and unpublished twice", {
    needs: LIFE,
    run: async (world) => {
      const { calls, volumes } = world;
      const published = await publishBlock(world);
      await expectOutcome(calls.nodePublishVolume(volumes.publishRequest(published)), "ok");
      const request = { volumeId: published.volume.volumeId, targetPath: published.targetPath };
      await expectOutcome(calls.nodeUnpublishVolume(request), "ok");
      await expectOutcome(calls.nodeUnpublishVolume(request), "ok");
    },
  }),
  block("stats", "the statistics of a block volume say how large it is", {
    needs: [...LIFE, "volumeStats"],
    run: async (world) => {
      const { volume, targetPath } = await publishBlock(world);
      const { usage } = await world.calls.nodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: targetPath });
      const bytes = usage.find(({ unit }) => unit === Unit.BYTES);
      expectThat((bytes?.total ?? 0n) >= volume.capacityBytes, `they say ${String(bytes?.total)} of ${String(volume.capacityBytes)}`);
    },
  }),
];

/** Volumes on this node; the paths are real, and the suite runs beside the driver. */
export const NODE_CHECKS: readonly SanityCheck[] = [...STAGING, ...PUBLISHING, ...BLOCK];
