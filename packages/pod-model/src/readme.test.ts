import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { POD_MODEL_ERROR_CODES } from "./errors.ts";
import * as api from "./index.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

describe("the README", () => {
  it("lists every error code", () => {
    const codes = [...readme.matchAll(/^\| `([^`]+)` \|/gmu)].map(([, code]) => code);
    expect(codes).toEqual([...POD_MODEL_ERROR_CODES]);
  });

  it("belongs to this public API", () => {
    expect(Object.keys(api).toSorted()).toMatchInlineSnapshot(`
      [
        "ADMITTED",
        "ADMIT_REASONS",
        "CONFIG_ANNOTATIONS",
        "CONTAINER_REASONS",
        "EVENT_REASONS",
        "POD_MODEL_ERROR_CODES",
        "PodModelError",
        "RUNTIME_ANNOTATIONS",
        "RUNTIME_LABELS",
        "SYSTEM_CRITICAL_PRIORITY",
        "addQuantities",
        "applyPodDefaults",
        "compareNewestFirst",
        "compareQuantities",
        "computePodLimits",
        "computePodRequests",
        "computeQosClass",
        "containerHash",
        "coreV1Schema",
        "decodeObject",
        "defaultPullPolicy",
        "formatContainerId",
        "formatFieldPath",
        "formatNanosTimestamp",
        "formatPod",
        "formatQuantity",
        "formatResources",
        "formatTimestamp",
        "formatTimestampMicro",
        "formatTimestampNano",
        "hasLimitOnEveryContainer",
        "hasPodLevelResources",
        "hasRestartAlways",
        "isCriticalPod",
        "isHostNetwork",
        "isMirrorPod",
        "isPodModelError",
        "isSidecar",
        "isStaticPod",
        "listContainers",
        "parseQuantity",
        "parseResources",
        "parseTimestamp",
        "podFullName",
        "podRef",
        "quantityMilliValue",
        "quantityOf",
        "quantityOfMilli",
        "quantityValue",
        "roundUpToMilli",
        "subtractQuantities",
      ]
    `);
  });
});
