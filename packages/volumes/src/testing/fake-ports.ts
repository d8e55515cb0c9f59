import type { ConfigMap, Secret } from "@nk/pod-model";
import { createFakeClock, createRecordingLogger } from "@nk/stdx/testing";
import type { FakeClock, RecordingLogger } from "@nk/stdx/testing";
import { createEmitter } from "@nk/stdx";
import { createPodObjects } from "../objects/pod-objects.ts";
import type { PodObjects } from "../objects/pod-objects.ts";
import type { TokenRequest, VolumeEvent, VolumesPorts } from "../ports.ts";
import { createPodTokens } from "../tokens/pod-tokens.ts";
import { createFakeMounts } from "./fake-mounts.ts";
import type { FakeMounts } from "./fake-mounts.ts";
import { createFakeSource } from "./fake-source.ts";
import type { FakeSource } from "./fake-source.ts";

/** Everything around volumes, in memory; objects and tokens are this package's own, fed by fakes. */
export interface FakePorts {
  ports: VolumesPorts;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly mounts: FakeMounts;
  readonly secrets: FakeSource<Secret>;
  readonly configMaps: FakeSource<ConfigMap>;
  readonly objects: PodObjects;
  /** Tokens are called `token-1`, `token-2` ... and live for an hour. */
  readonly tokenRequests: TokenRequest[];
  /** Set to make requests for tokens fail. */
  readonly tokenFailure: { error?: Error };
  /** Bundles are `PEM of <name>` until `change` says otherwise. */
  readonly trustBundles: { change(text: string): void };
  readonly events: VolumeEvent[];
  readonly onEvent: (event: VolumeEvent) => void;
}

/** A node with 1 GiB for pods. */
export const createFakePorts = (): FakePorts => {
  const clock = createFakeClock();
  const logger = createRecordingLogger();
  const mounts = createFakeMounts();
  const secrets = createFakeSource<Secret>();
  const configMaps = createFakeSource<ConfigMap>();
  const objects = createPodObjects({ secrets, configMaps }, { clock, logger, random: () => 0 });
  const tokenRequests: TokenRequest[] = [];
  const tokenFailure: { error?: Error } = {};
  const events: VolumeEvent[] = [];
  const bundleChanges = createEmitter<void>();
  let bundleText: string | undefined;
  const tokens = createPodTokens(
    {
      requestToken: async (request) => {
        tokenRequests.push(request);
        if (tokenFailure.error !== undefined) throw tokenFailure.error;
        return { token: `token-${tokenRequests.length}`, expirationTimestamp: new Date(clock.nowMs() + 3_600_000).toISOString() };
      },
    },
    { clock, logger, random: () => 0 },
  );
  const ports: VolumesPorts = {
    mounts,
    objects,
    tokens,
    trustBundles: {
      get: async (query) => bundleText ?? `PEM of ${"name" in query ? query.name : query.signerName}`,
      subscribe: (listener) => bundleChanges.subscribe(listener),
    },
    fields: {
      fieldValue: (_pod, { fieldPath }) => `value of ${fieldPath}`,
      resourceFieldValue: async (_pod, { resource }) => `value of ${resource}`,
    },
    node: { allocatable: async () => ({ memory: "1Gi" }) },
  };
  const trustBundles = {
    change: (text: string) => {
      bundleText = text;
      bundleChanges.emit();
    },
  };
  return {
    ports,
    clock,
    logger,
    mounts,
    secrets,
    configMaps,
    objects,
    tokenRequests,
    tokenFailure,
    trustBundles,
    events,
    onEvent: (event) => events.push(event),
  };
};
