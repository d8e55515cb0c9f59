import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeObject, formatFieldPath } from "./decode.ts";
import type { Pod } from "./gen/core-v1.ts";

const messages = (value: unknown): readonly string[] =>
  decodeObject("Pod", value).problems.map(({ path, message }) => `${path}: ${message}`);
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures/pods-and-qos.json"), "utf8")) as readonly {
  readonly pod: Pod;
}[];

describe("decodeObject", () => {
  it("accepts every recorded pod unchanged, but for nulls", () => {
    const withoutNulls = (pod: Pod): unknown => JSON.parse(JSON.stringify(pod, (_key, value: unknown) => value ?? undefined));
    for (const { pod } of recorded) expect(decodeObject("Pod", pod)).toEqual({ value: withoutNulls(pod), problems: [] });
  });

  it.each<readonly [string, unknown, readonly string[]]>([
    [
      "a misspelt field",
      { spec: { containers: [{ name: "c", imagee: "x" }] } },
      ['spec.containers[0].imagee: unknown field "imagee" (did you mean "image"?)'],
    ],
    [
      "a field in the wrong case",
      { spec: { containers: [], hostnetwork: true } },
      ['spec.hostnetwork: unknown field "hostnetwork" (did you mean "hostNetwork"?)'],
    ],
    ["a field like no other", { zzzzz: 1 }, ['zzzzz: unknown field "zzzzz"']],
    [
      "a field named as a property of all objects",
      { spec: { containers: [], constructor: 1 } },
      ['spec.constructor: unknown field "constructor"'],
    ],
    ["a list where an object belongs", [], [": expected an object, got a list"]],
    ["an object where a list belongs", { spec: { containers: {} } }, ["spec.containers: expected a list, got an object"]],
    ["a text where an object belongs", { spec: "x" }, ["spec: expected an object, got a string"]],
    ["a number where a string belongs", { metadata: { name: 5 } }, ["metadata.name: expected a string, got a number"]],
    ["a text where a boolean belongs", { spec: { containers: [], hostPID: "yes" } }, ["spec.hostPID: expected a boolean, got a string"]],
    ["a fraction", { spec: { containers: [], priority: 1.5 } }, ["spec.priority: expected a whole number, got 1.5"]],
    [
      "a number no computer can count to",
      { spec: { containers: [], priority: 2n ** 60n } },
      ["spec.priority: number 1152921504606846976 is out of range"],
    ],
    [
      "a label that is no text",
      { metadata: { labels: { "example.org/a": true } } },
      ["metadata.labels[example.org/a]: expected a string, got a boolean"],
    ],
    ["null in a list", { spec: { containers: [null] } }, ["spec.containers[0]: expected an object, got null"]],
    [
      "several problems",
      { metadata: { nam: "x" }, spek: {} },
      ['metadata.nam: unknown field "nam" (did you mean "name"?)', 'spek: unknown field "spek" (did you mean "spec"?)'],
    ],
  ])("reports %s", (_what, value, expected) => expect(messages(value)).toEqual(expected));

  it("treats null as absent and gives required fields that are absent their zero value", () => {
    const { value, problems } = decodeObject("Pod", {
      metadata: null,
      spec: { containers: [{ image: null, ports: [{}] }], volumes: null },
    });
    expect(problems).toEqual([]);
    expect(value).toEqual({ spec: { containers: [{ name: "", ports: [{ containerPort: 0 }] }] } });
  });

  it("accepts numbers as quantities, big integers as integers, and both in a port", () => {
    const { value, problems } = decodeObject("Container", {
      name: "c",
      resources: { limits: { cpu: 0.5, memory: 1_000_000n } },
      livenessProbe: { tcpSocket: { port: 80n } },
      readinessProbe: { tcpSocket: { port: "web" } },
    });
    expect(problems).toEqual([]);
    expect(value.resources?.limits).toEqual({ cpu: "0.5", memory: "1000000" });
    expect(value.livenessProbe?.tcpSocket?.port).toBe(80);
    expect(value.readinessProbe?.tcpSocket?.port).toBe("web");
  });

  it("gives the path as segments too, and stops counting at 100 problems", () => {
    expect(decodeObject("Pod", { spec: { containers: [{ name: 1 }] } }).problems[0]?.segments).toEqual(["spec", "containers", 0, "name"]);
    expect(decodeObject("Pod", { spec: { containers: Array.from({ length: 500 }, () => 1) } }).problems).toHaveLength(100);
  });

  it("never throws and is idempotent on what it returns", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        const once = decodeObject("Pod", { metadata: value, spec: { containers: [value], securityContext: value } });
        expect(decodeObject("Pod", once.value).problems).toEqual([]);
      }),
    );
  });
});

describe("formatFieldPath", () => {
  it("puts indexes and odd names in brackets", () => {
    expect(formatFieldPath(["spec", "containers", 0, "name"])).toBe("spec.containers[0].name");
    expect(formatFieldPath(["metadata", "labels", "a.b/c"])).toBe("metadata.labels[a.b/c]");
    expect(formatFieldPath([])).toBe("");
  });
});
