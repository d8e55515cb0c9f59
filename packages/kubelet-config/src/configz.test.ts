import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { CONFIG_FIELDS, CONFIG_STRUCTS } from "./fields.ts";
import { isJsonObject, isSameJson } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";

const flatten = (value: { readonly [key: string]: JsonValue }, prefix = ""): [string, JsonValue][] =>
  Object.entries(value).flatMap(([key, child]): [string, JsonValue][] => {
    const path = `${prefix}${key}`;
    return CONFIG_STRUCTS.has(path) && isJsonObject(child) ? flatten(child, `${path}.`) : [[path, child]];
  });

/** What the recording set away from the defaults, and our one difference. */
const SET_IN_RECORDING = [
  "authentication.x509.clientCAFile",
  "clusterDNS",
  "clusterDomain",
  "evictionHard",
  "failCgroupV1",
  "failSwapOn",
  "imageGCHighThresholdPercent",
  "imageGCLowThresholdPercent",
  "logging.verbosity",
  "maxPods",
  "rotateCertificates",
  "serializeImagePulls",
  "staticPodPath",
  "tlsCertFile",
  "tlsPrivateKeyFile",
];

describe("the table of fields", () => {
  it("has the fields and defaults that the reference shows on /configz", async () => {
    const text = await readFile(new URL("../test/fixtures/configz.json", import.meta.url), "utf8");
    const recorded = (JSON.parse(text) as { kubeletconfig: { readonly [key: string]: JsonValue } }).kubeletconfig;
    const leaves = flatten(recorded).filter(([path]) => path !== "kind" && path !== "apiVersion");
    expect(leaves.filter(([path]) => !CONFIG_FIELDS.has(path))).toEqual([]);
    const different = leaves.filter(([path, value]) => !isSameJson(CONFIG_FIELDS.get(path)?.default, value));
    expect(different.map(([path]) => path).toSorted()).toEqual(SET_IN_RECORDING);
  });
});
