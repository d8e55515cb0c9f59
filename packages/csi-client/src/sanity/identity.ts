import type { CsiMethods } from "../gen/csi/v1/methods.ts";
import { REQUIRED_SUPPORT } from "../requirements.ts";
import type { CsiSupports } from "../supports.ts";
import { area, expectThat } from "./check.ts";
import type { SanityCheck, SanityWorld } from "./check.ts";
import { outcomeOf } from "./outcome.ts";

const check = area("identity");
const mismatch = area("capability");

const DRIVER_NAME = /^[a-zA-Z0-9]([-a-zA-Z0-9._]{0,61}[a-zA-Z0-9])?$/;

const expectTyped = (capabilities: readonly { readonly type?: { readonly value: { readonly type: number } } | undefined }[]): void =>
  expectThat(
    capabilities.every(({ type }) => type !== undefined && type.value.type !== 0),
    "there is a capability without a type",
  );

const IDENTITY: readonly SanityCheck[] = [
  check("name", "the driver's name is a domain name of at most 63 characters", {
    needs: [],
    run: async ({ calls }) => {
      const { name } = await calls.getPluginInfo();
      expectThat(DRIVER_NAME.test(name), `the name is ${JSON.stringify(name)}`);
    },
  }),
  check("version", "the driver says its version", {
    needs: [],
    run: async ({ calls }) => expectThat((await calls.getPluginInfo()).vendorVersion !== "", "vendorVersion is empty"),
  }),
  check("stable", "the driver says the same of itself twice", {
    needs: [],
    run: async ({ calls }) => {
      const ask = async (): Promise<string> => JSON.stringify([await calls.getPluginInfo(), await calls.getPluginCapabilities()]);
      expectThat((await ask()) === (await ask()), "the answers differ");
    },
  }),
  check("probe", "the driver says that it is ready, or does not say that it is not", {
    needs: [],
    run: async ({ calls }) => expectThat((await calls.probe()).ready !== false, "ready is false"),
  }),
  check("probe-parallel", "fifty probes at a time are all answered", {
    needs: [],
    run: async ({ calls }) => {
      await Promise.all(Array.from({ length: 50 }, () => calls.probe()));
    },
  }),
  check("plugin-capabilities", "no capability of the plugin is empty", {
    needs: [],
    run: async ({ calls }) => expectTyped((await calls.getPluginCapabilities()).capabilities),
  }),
  check("controller-capabilities", "no capability of the controller is empty", {
    needs: ["controller"],
    run: async ({ calls }) => expectTyped((await calls.controllerGetCapabilities()).capabilities),
  }),
  check("group-capabilities", "no capability of the group controller is empty", {
    needs: ["groupController"],
    run: async ({ calls }) => expectTyped((await calls.groupControllerGetCapabilities()).capabilities),
  }),
  check("node-capabilities", "no capability of the node is empty", {
    needs: ["node"],
    run: async ({ calls }) => expectTyped((await calls.nodeGetCapabilities()).capabilities),
  }),
  check("node-info", "the node has an id of at most 256 bytes and no negative limit", {
    needs: ["node"],
    run: async ({ calls }) => {
      const { nodeId, maxVolumesPerNode } = await calls.nodeGetInfo();
      const bytes = Buffer.byteLength(nodeId);
      expectThat(bytes > 0 && bytes <= 256, `the node's id has ${String(bytes)} bytes`);
      expectThat(maxVolumesPerNode >= 0n, `maxVolumesPerNode is ${String(maxVolumesPerNode)}`);
    },
  }),
  check("node-topology", "the node of a driver with topology says where it is", {
    needs: ["node", "topology"],
    run: async ({ calls }) => {
      const { accessibleTopology } = await calls.nodeGetInfo();
      expectThat(Object.keys(accessibleTopology?.segments ?? {}).length > 0, "there are no segments");
    },
  }),
];

/** What one capability makes no sense without. */
const DEPENDENCIES: readonly (readonly [capability: keyof CsiSupports, anyOf: readonly (keyof CsiSupports)[]])[] = [
  ["publishReadonly", ["publishUnpublishVolume"]],
  ["listVolumesPublishedNodes", ["listVolumes", "getVolume"]],
  ["controllerVolumeCondition", ["listVolumes", "getVolume"]],
  ["cloneVolume", ["createDeleteVolume"]],
];

const dependency = ([capability, anyOf]: (typeof DEPENDENCIES)[number]): SanityCheck =>
  mismatch(`${capability}-alone`, `a driver with ${capability} has ${anyOf.join(" or ")}`, {
    needs: [capability],
    run: async ({ driver }) =>
      expectThat(
        anyOf.some((other) => driver.supports[other]),
        `it has not ${anyOf.join(" or ")}`,
      ),
  });

const sendEmpty = (world: SanityWorld, method: keyof CsiMethods): Promise<unknown> => (world.calls[method] as () => Promise<unknown>)();

/** A capability that is advertised is served; an empty request is enough to see it. */
const served = ([method, support]: readonly [keyof CsiMethods, keyof CsiSupports]): SanityCheck =>
  mismatch(`${method}-served`, `a driver that advertises ${support} serves ${method}`, {
    needs: [support],
    run: async (world) => {
      const { code } = await outcomeOf(sendEmpty(world, method));
      expectThat(code !== "unimplemented", "it is answered with unimplemented");
    },
  });

/** Who the driver is, and whether it can what it says. */
export const IDENTITY_CHECKS: readonly SanityCheck[] = [
  ...IDENTITY,
  ...DEPENDENCIES.map(dependency),
  ...Object.entries(REQUIRED_SUPPORT).flatMap(([method, support]) =>
    support === undefined ? [] : [served([method as keyof CsiMethods, support])],
  ),
];
