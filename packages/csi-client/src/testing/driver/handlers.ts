import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { CSI_METHODS } from "../../gen/csi/v1/methods.ts";
import type { CsiMethods } from "../../gen/csi/v1/methods.ts";
import { REQUIRED_SUPPORT } from "../../requirements.ts";
import { laneOf } from "../../subject.ts";
import type { CsiSupports } from "../../supports.ts";
import { checkRequest } from "../check-request.ts";
import type { CsiHandlers } from "../server.ts";
import { CsiStatusError } from "../status-error.ts";
import { ALL_FEATURES, createIdentityHandlers } from "./identity.ts";
import { createNodeHandlers } from "./node.ts";
import type { DriverBackend } from "./ports.ts";
import { createGroupHandlers, createSnapshotHandlers } from "./snapshots.ts";
import { createDriverState } from "./state.ts";
import type { DriverState, DriverWorld } from "./state.ts";
import { createVolumeHandlers } from "./volumes.ts";

/** What a driver is. */
export interface DriverOptions {
  /** A domain name; default `memory.csi.example`. */
  readonly name?: string;
  /** Default `node-1`. */
  readonly nodeId?: string;
  /** What it is not to be able to do, by the names of `supports`: such calls are answered with UNIMPLEMENTED. */
  readonly without?: readonly (keyof CsiSupports)[];
  /** Of all volumes together; default 1 TiB. */
  readonly totalBytes?: bigint;
  /** Of one volume; default 256 GiB. */
  readonly maxVolumeBytes?: bigint;
  /** Of a volume for which no capacity is asked; default 16 MiB. */
  readonly defaultVolumeBytes?: bigint;
  /** Default 0: the caller decides. */
  readonly maxVolumesPerNode?: number;
  /** Keys that ControllerModifyVolume may change; default `iops`. */
  readonly mutableKeys?: readonly string[];
  /** Whether Probe says so; default always. */
  readonly isReady?: () => boolean;
  readonly clock?: Clock;
}

/** What a driver is made on, and what it remembers. */
export interface DriverParts {
  readonly backend: DriverBackend;
  /** Default: nothing yet. */
  readonly state?: DriverState;
  /** Called after every call that may have changed the state, before its answer. */
  readonly save?: () => Promise<void>;
}

const GIB = 1024n * 1024n * 1024n;

const worldOf = (options: DriverOptions, state: DriverState): DriverWorld => {
  const { name = "memory.csi.example", nodeId = "node-1", without = [], clock = systemClock } = options;
  const { totalBytes = 1024n * GIB, maxVolumeBytes = 256n * GIB, defaultVolumeBytes = GIB / 64n } = options;
  return {
    state,
    features: new Set(ALL_FEATURES.filter((feature) => !without.includes(feature))),
    nodeId,
    topologyKey: `topology.${name}/node`,
    maxVolumeBytes,
    totalBytes,
    defaultVolumeBytes,
    maxVolumesPerNode: options.maxVolumesPerNode ?? 0,
    mutableKeys: options.mutableKeys ?? ["iops"],
    nowMs: () => clock.nowMs(),
  };
};

const SERVICE_FEATURES: { readonly [service: string]: keyof CsiSupports } = {
  Controller: "controller",
  GroupController: "groupController",
  Node: "node",
};

const isServed = (method: keyof CsiMethods, features: ReadonlySet<keyof CsiSupports>): boolean =>
  [REQUIRED_SUPPORT[method], SERVICE_FEATURES[CSI_METHODS[method].service]].every(
    (feature) => feature === undefined || features.has(feature),
  );

type AnyHandler = (request: object, context: { readonly signal: AbortSignal }) => Promise<object>;

/**
 * The handlers of a whole driver over a backend: what the specification says of idempotency, missing things, wrong arguments and calls
 * at the same time is done here. Ids are made of names and never become paths of the caller's choosing.
 */
export const createDriverHandlers = (options: DriverOptions, parts: DriverParts): CsiHandlers => {
  const { backend, state = createDriverState(), save } = parts;
  const world = worldOf(options, state);
  const { name = "memory.csi.example", isReady = () => true } = options;
  const all: CsiHandlers = {
    ...createIdentityHandlers({ name, vendorVersion: "1.0.0", features: world.features, isReady }),
    ...createVolumeHandlers(world, backend.volumes),
    ...createSnapshotHandlers(world, backend.snapshots),
    ...createGroupHandlers(world, backend.snapshots),
    ...createNodeHandlers(world, backend),
  };
  const busy = new Set<string>();
  const guard =
    (method: keyof CsiMethods, handler: AnyHandler): AnyHandler =>
    async (request, context) => {
      checkRequest(method, request);
      const lane = laneOf(method, request);
      if (lane === undefined) return handler(request, context);
      if (busy.has(lane)) throw new CsiStatusError("aborted", `an operation on ${lane} is under way`);
      busy.add(lane);
      try {
        return await handler(request, context);
      } finally {
        busy.delete(lane);
        await save?.();
      }
    };
  const served = Object.entries(all).filter(([method]) => isServed(method as keyof CsiMethods, world.features));
  return Object.fromEntries(
    served.map(([method, handler]) => [method, guard(method as keyof CsiMethods, handler as unknown as AnyHandler)]),
  ) as CsiHandlers;
};
