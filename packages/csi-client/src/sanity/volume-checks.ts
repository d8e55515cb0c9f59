import { area, expectThat, SanitySkip } from "./check.ts";
import type { CallOutcome, SanityCheck, SanityWorld } from "./check.ts";
import { expectOutcome, outcomeOf } from "./outcome.ts";

const create = area("create-volume");
const remove = area("delete-volume");
const PIB = 1024n ** 5n;

/** Asks for a volume that may well be refused; one that is made all the same is deleted in the end. */
const tryCreate = async (
  { calls }: SanityWorld,
  request: ReturnType<SanityWorld["volumes"]["request"]>,
): Promise<{ readonly code: CallOutcome; readonly text: string; readonly volumeId: string | undefined }> => {
  let volumeId: string | undefined;
  const outcome = await outcomeOf(calls.createVolume(request).then(({ volume }) => (volumeId = volume?.volumeId)));
  return { ...outcome, volumeId };
};

const expectRefusal = async (
  world: SanityWorld,
  request: ReturnType<SanityWorld["volumes"]["request"]>,
  expected: readonly CallOutcome[],
): Promise<void> => {
  const { code, text, volumeId } = await tryCreate(world, request);
  world.volumes.willDelete(volumeId);
  expectThat(expected.includes(code), `answered ${code} (${text}), expected ${expected.join(" or ")}`);
};

const CREATION: readonly SanityCheck[] = [
  create("smallest", "a volume is made without a capacity", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes }) => {
      const { volumeId } = await volumes.create({ capacityRange: undefined });
      expectThat(volumeId !== "" && Buffer.byteLength(volumeId) <= 256, `the volume's id has ${String(Buffer.byteLength(volumeId))} bytes`);
    },
  }),
  create("sized", "a volume has at least the capacity that is required", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes }) => {
      const request = volumes.request();
      const { capacityBytes } = await volumes.create(request);
      const required = BigInt(request.capacityRange?.requiredBytes ?? 0n);
      expectThat(capacityBytes === 0n || capacityBytes >= required, `it has ${String(capacityBytes)} bytes of ${String(required)}`);
    },
  }),
  create("idempotent", "the same name gives the same volume", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes }) => {
      const request = volumes.request();
      const [first, second] = [await volumes.create(request), await volumes.create(request)];
      expectThat(first.volumeId === second.volumeId, `the ids are ${first.volumeId} and ${second.volumeId}`);
      expectThat(
        first.capacityBytes === second.capacityBytes,
        `the capacities are ${String(first.capacityBytes)} and ${String(second.capacityBytes)}`,
      );
    },
  }),
  create("parallel", "the same name asked for five times at once gives one volume", {
    needs: ["createDeleteVolume"],
    run: async (world) => {
      const { volumes } = world;
      const request = volumes.request();
      const answers = await Promise.all(Array.from({ length: 5 }, () => tryCreate(world, request)));
      const ids = new Set(answers.map(({ volumeId }) => volumeId).filter((id) => id !== undefined));
      for (const id of ids) volumes.willDelete(id);
      expectThat(ids.size === 1, `there are ${String(ids.size)} volumes`);
      const odd = answers.find(({ code }) => code !== "ok" && code !== "aborted");
      expectThat(odd === undefined, `one call was answered ${odd?.code ?? ""}`);
    },
  }),
  create("other-capacity", "the same name with a capacity that does not fit is refused", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes, calls }) => {
      const request = volumes.request();
      const { capacityBytes } = await volumes.create(request);
      const capacityRange = {
        requiredBytes: (capacityBytes === 0n ? BigInt(request.capacityRange?.requiredBytes ?? 0n) : capacityBytes) * 2n,
      };
      await expectOutcome(calls.createVolume({ ...request, capacityRange }), "already-exists");
    },
  }),
  create("two-names", "two names give two volumes", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes }) => {
      const [first, second] = [await volumes.create(), await volumes.create()];
      expectThat(first.volumeId !== second.volumeId, `both are ${first.volumeId}`);
    },
  }),
  create("long-name", "a name of 128 bytes is taken", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes, newName }) => {
      await volumes.create({ name: newName("volume").padEnd(128, "x") });
    },
  }),
  create("too-long-name", "a name of 4 KiB is taken or refused", {
    needs: ["createDeleteVolume"],
    run: (world) =>
      expectRefusal(world, world.volumes.request({ name: world.newName("volume").padEnd(4096, "x") }), ["ok", "invalid-argument"]),
  }),
  create("odd-name", "a name with spaces, slashes and other letters is taken or refused", {
    needs: ["createDeleteVolume"],
    run: (world) =>
      expectRefusal(world, world.volumes.request({ name: `${world.newName("volume")} ../../ä $(id)` }), ["ok", "invalid-argument"]),
  }),
  create("limit-below-required", "a limit below what is required is refused", {
    needs: ["createDeleteVolume"],
    run: (world) =>
      expectRefusal(world, world.volumes.request({ capacityRange: { requiredBytes: 2n ** 30n, limitBytes: 2n ** 20n } }), [
        "invalid-argument",
        "out-of-range",
      ]),
  }),
  create("huge", "four exbibytes are refused", {
    needs: ["createDeleteVolume"],
    run: (world) =>
      expectRefusal(world, world.volumes.request({ capacityRange: { requiredBytes: 4096n * PIB - 4096n } }), [
        "out-of-range",
        "resource-exhausted",
      ]),
  }),
  create("from-missing-snapshot", "a volume of a snapshot that does not exist is refused", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: ({ volumes, calls, unknownId }) => {
      const volumeContentSource = { type: { $case: "snapshot" as const, value: { snapshotId: unknownId } } };
      return expectOutcome(calls.createVolume(volumes.request({ volumeContentSource })), "not-found");
    },
  }),
  create("from-missing-volume", "a clone of a volume that does not exist is refused", {
    needs: ["createDeleteVolume", "cloneVolume"],
    run: ({ volumes, calls, unknownId }) => {
      const volumeContentSource = { type: { $case: "volume" as const, value: { volumeId: unknownId } } };
      return expectOutcome(calls.createVolume(volumes.request({ volumeContentSource })), "not-found");
    },
  }),
  create("clone", "a clone is another volume that tells what it was made of", {
    needs: ["createDeleteVolume", "cloneVolume"],
    run: async ({ volumes }) => {
      const { volumeId } = await volumes.create();
      const clone = await volumes.create({ volumeContentSource: { type: { $case: "volume", value: { volumeId } } } });
      expectThat(clone.volumeId !== volumeId, "it is the same volume");
      const source = clone.contentSource?.type;
      expectThat(source?.$case === "volume" && source.value.volumeId === volumeId, "contentSource does not name the volume");
    },
  }),
  create("restore", "a volume made of a snapshot is another volume that tells of it", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ volumes }) => {
      const volume = await volumes.create();
      const { snapshotId } = await volumes.snapshot(volume);
      const restored = await volumes.create({ volumeContentSource: { type: { $case: "snapshot", value: { snapshotId } } } });
      expectThat(restored.volumeId !== volume.volumeId, "it is the same volume");
      const source = restored.contentSource?.type;
      expectThat(source?.$case === "snapshot" && source.value.snapshotId === snapshotId, "contentSource does not name the snapshot");
    },
  }),
  create("topology", "a volume for this node's place is usable from there", {
    needs: ["createDeleteVolume", "topology", "node"],
    run: async ({ volumes, node }) => {
      const here = node?.accessibleTopology;
      if (here === undefined) throw new SanitySkip("the node does not say where it is");
      const { accessibleTopology } = await volumes.create({ accessibilityRequirements: { requisite: [here], preferred: [here] } });
      const fits = accessibleTopology.some(({ segments }) =>
        Object.entries(segments).every(([key, value]) => here.segments[key] === value),
      );
      expectThat(accessibleTopology.length === 0 || fits, `it is usable from ${JSON.stringify(accessibleTopology)}`);
    },
  }),
  create("cancelled", "a creation whose caller goes away can be asked for again", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes, calls }) => {
      const request = volumes.request();
      const controller = new AbortController();
      const call = calls.createVolume(request, { signal: controller.signal });
      controller.abort(new Error("gone"));
      await call.catch(() => undefined);
      await volumes.create(request);
    },
  }),
  create("context-small", "the volume context has at most 4 KiB", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes }) => {
      const { volumeContext } = await volumes.create();
      const bytes = Buffer.byteLength(Object.entries(volumeContext).flat().join(""));
      expectThat(bytes <= 4096, `it has ${String(bytes)} bytes`);
    },
  }),
];

const DELETION: readonly SanityCheck[] = [
  remove("twice", "a volume can be deleted twice", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes, calls }) => {
      const { volumeId } = await volumes.create();
      await expectOutcome(calls.deleteVolume({ volumeId }), "ok");
      await expectOutcome(calls.deleteVolume({ volumeId }), "ok");
    },
  }),
  remove("gone", "a deleted volume is not listed any more", {
    needs: ["createDeleteVolume", "listVolumes"],
    run: async ({ volumes, calls }) => {
      const { volumeId } = await volumes.create();
      await expectOutcome(calls.deleteVolume({ volumeId }), "ok");
      const { entries } = await calls.listVolumes();
      expectThat(
        entries.every(({ volume }) => volume?.volumeId !== volumeId),
        "it is listed",
      );
    },
  }),
  remove("name-free", "the name of a deleted volume can be used for another", {
    needs: ["createDeleteVolume"],
    run: async ({ volumes, calls }) => {
      const request = volumes.request();
      const { volumeId } = await volumes.create(request);
      await expectOutcome(calls.deleteVolume({ volumeId }), "ok");
      await volumes.create({ ...request, capacityRange: { requiredBytes: BigInt(request.capacityRange?.requiredBytes ?? 0n) * 2n } });
    },
  }),
  remove("with-snapshot", "a volume with snapshots is deleted, or is said to have them", {
    needs: ["createDeleteVolume", "createDeleteSnapshot"],
    run: async ({ volumes, calls }) => {
      const volume = await volumes.create();
      await volumes.snapshot(volume);
      await expectOutcome(calls.deleteVolume({ volumeId: volume.volumeId }), "ok", "failed-precondition");
    },
  }),
];

/** Volumes come and go. */
export const VOLUME_CHECKS: readonly SanityCheck[] = [...CREATION, ...DELETION];
