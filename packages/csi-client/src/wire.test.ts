import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as csi from "./index.ts";

const proto = readFileSync(join(import.meta.dirname, "../proto/csi/v1/csi.proto"), "utf8");

const hex = (bytes: Uint8Array): string => (Buffer.from(bytes).toString("hex").match(/../g) ?? []).join(" ");

test("the method table has every RPC of the four services, by its path", () => {
  const methods = Object.values(csi.CSI_METHODS) as readonly { readonly name: string; readonly service: string; readonly path: string }[];
  expect(methods.map(({ path }) => path)).toEqual(methods.map(({ service, name }) => `/csi.v1.${service}/${name}`));
  const count = (service: string): number => methods.filter((method) => method.service === service).length;
  expect(["Identity", "Controller", "GroupController", "Node"].map(count)).toEqual([3, 15, 4, 8]);
});

test("every field that is marked as a secret is in the method table", () => {
  const marked = [...proto.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)]
    .filter(([, , body = ""]) => body.includes("csi_secret"))
    .map(([, name = ""]) => name.replace(/Request$/, ""));
  const listed = Object.values(
    csi.CSI_METHODS as unknown as { readonly [key: string]: { readonly name: string; readonly secretFields: readonly string[] } },
  )
    .filter(({ secretFields }) => secretFields.length > 0)
    .map(({ name, secretFields }) => {
      expect(secretFields).toEqual(["secrets"]);
      return name;
    });
  expect(listed.toSorted()).toEqual(marked.toSorted());
  expect(listed.length).toBe(17);
});

test("every message of the proto file is exported by name", () => {
  const names = [...proto.matchAll(/^message (\w+) \{/gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !(name in csi))).toEqual([]);
});

test("a stage request is written by field number", () => {
  // 1: "v", 3: "/s", 4: { 2: mount { 1: "ext4" }, 3: { 1: 1 } }, 5: { "k": "p" }
  const request = csi.NodeStageVolumeRequest.fromPartial({
    volumeId: "v",
    stagingTargetPath: "/s",
    volumeCapability: csi.volumeCapability({ fsType: "ext4" }),
    secrets: { k: "p" },
  });
  const bytes = csi.NodeStageVolumeRequest.encode(request).finish();
  expect(hex(bytes)).toBe("0a 01 76 1a 02 2f 73 22 0c 12 06 0a 04 65 78 74 34 1a 02 08 01 2a 06 0a 01 6b 12 01 70");
  expect(csi.NodeStageVolumeRequest.decode(bytes)).toEqual(request);
});

test("an absent readiness is not the same as false, and sizes are exact past 2^53", () => {
  expect(csi.ProbeResponse.decode(new Uint8Array()).ready).toBeUndefined();
  expect(csi.ProbeResponse.decode(csi.ProbeResponse.encode({ ready: false }).finish()).ready).toBe(false);
  const capacity = csi.GetCapacityResponse.fromPartial({ availableCapacity: 2n ** 63n - 1n, maximumVolumeSize: 0n });
  expect(csi.GetCapacityResponse.decode(csi.GetCapacityResponse.encode(capacity).finish())).toEqual(capacity);
});
