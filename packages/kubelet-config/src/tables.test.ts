import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { KUBELET_CONFIG_ERROR_CODES } from "./errors.ts";
import { FEATURE_GATES, isFeatureEnabled } from "./feature-gates.ts";
import { CONFIG_FIELDS } from "./fields.ts";
import { FLAGS } from "./flags.ts";
import { formatHelp } from "./help-text.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("the tables", () => {
  it("map every mirrored flag to a field", () => {
    const paths = [...FLAGS.values()].flatMap((flag) => (flag.path === undefined ? [] : [flag.path]));
    expect(paths.filter((path) => !CONFIG_FIELDS.has(path))).toEqual([]);
    expect(paths.length).toBeGreaterThan(100);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("hold each field and each gate once", () => {
    expect(CONFIG_FIELDS.size).toBeGreaterThan(125);
    expect(FEATURE_GATES.size).toBeGreaterThan(80);
  });

  it("name every flag in the help text", () => {
    const help = formatHelp();
    expect([...FLAGS.keys()].filter((name) => !help.includes(`-${name} `) && !help.includes(`-${name}\n`))).toEqual([]);
  });

  it("tell a gate's value from what was set or the reference's default", () => {
    expect(isFeatureEnabled("EventedPLEG", {})).toBe(false);
    expect(isFeatureEnabled("EventedPLEG", { EventedPLEG: true })).toBe(true);
    expect(isFeatureEnabled("EnvFiles", {})).toBe(true);
    expect(isFeatureEnabled("toString", {})).toBe(false);
  });

  it("know how far each gate is", () => {
    const stages = ["UserNamespacesSupport", "EnvFiles", "MemoryQoS", "GitRepoVolumeDriver"].map((name) => FEATURE_GATES.get(name)?.stage);
    expect(stages).toEqual(["", "BETA", "ALPHA", "DEPRECATED"]);
  });

  it("have every error code explained in the README", () => {
    expect(KUBELET_CONFIG_ERROR_CODES.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
  });
});
