import {
  CONTROLLER_CAPABILITIES,
  EXPANSION_CAPABILITIES,
  GROUP_CAPABILITIES,
  NODE_CAPABILITIES,
  SERVICE_CAPABILITIES,
} from "../../capability-table.ts";
import type { CsiSupports } from "../../supports.ts";
import type { CsiHandlers } from "../server.ts";

type Feature = keyof CsiSupports;

/** What no driver made of this package does. */
const NOT_SERVED: ReadonlySet<Feature> = new Set(["volumeMountGroup", "snapshotMetadata"]);

/** Everything that {@link createDriverHandlers} can serve. */
export const ALL_FEATURES: readonly Feature[] = [
  "node",
  ...[SERVICE_CAPABILITIES, EXPANSION_CAPABILITIES, CONTROLLER_CAPABILITIES, NODE_CAPABILITIES, GROUP_CAPABILITIES].flatMap((table) =>
    table.map(([feature]) => feature).filter((feature) => !NOT_SERVED.has(feature)),
  ),
];

const typesOf = <T>(table: readonly (readonly [feature: Feature, type: T])[], features: ReadonlySet<Feature>): readonly T[] =>
  table.filter(([feature]) => features.has(feature)).map(([, type]) => type);

/** Who the driver is, and the capabilities of its services. */
export const createIdentityHandlers = (options: {
  readonly name: string;
  readonly vendorVersion: string;
  readonly features: ReadonlySet<Feature>;
  readonly isReady: () => boolean;
}): CsiHandlers => {
  const { name, vendorVersion, features, isReady } = options;
  return {
    getPluginInfo: () => ({ name, vendorVersion }),
    getPluginCapabilities: () => ({
      capabilities: [
        ...typesOf(SERVICE_CAPABILITIES, features).map((type) => ({ type: { $case: "service" as const, value: { type } } })),
        ...typesOf(EXPANSION_CAPABILITIES, features).map((type) => ({ type: { $case: "volumeExpansion" as const, value: { type } } })),
      ],
    }),
    probe: () => ({ ready: isReady() }),
    controllerGetCapabilities: () => ({
      capabilities: typesOf(CONTROLLER_CAPABILITIES, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
    groupControllerGetCapabilities: () => ({
      capabilities: typesOf(GROUP_CAPABILITIES, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
    nodeGetCapabilities: () => ({
      capabilities: typesOf(NODE_CAPABILITIES, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
  };
};
