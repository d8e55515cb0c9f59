import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalize } from "./canonicalize.ts";
import { DecodeError } from "./decode-error.ts";
import { SCHEMA } from "./gen/schema.ts";
import { typePlan } from "./schema.ts";

const pod = (value: { readonly [field: string]: unknown }) =>
  canonicalize(typePlan("core.Pod"), { metadata: {}, spec: { containers: [] }, ...value });

describe("an object is written as Go would write it", () => {
  it("without fields that are empty, and with those that are always there", () => {
    const { value } = pod({
      metadata: { name: "p", labels: {}, annotations: null, finalizers: [] },
      spec: {
        containers: [{ name: "c", stdin: false, command: [] }],
        nodeName: "",
        hostNetwork: false,
        volumes: [{ name: "v", emptyDir: {} }],
        priority: 0,
      },
    });
    expect(value).toEqual({
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", resources: {} }], volumes: [{ name: "v", emptyDir: {} }], priority: 0 },
      status: {},
    });
  });

  it("with null for a list that must be there and is empty", () => {
    expect(canonicalize(typePlan("storage.CSINode"), { metadata: { name: "n" }, spec: { drivers: [] } }).value).toMatchObject({
      spec: { drivers: null },
    });
  });

  it("with times in UTC, cut to what their type holds", () => {
    const lease = canonicalize(typePlan("coordination.Lease"), { metadata: {}, spec: { renewTime: "2026-01-01T01:00:00.123456+01:00" } });
    expect(lease.value).toMatchObject({ spec: { renewTime: "2026-01-01T00:00:00.123456Z" } });
    expect(pod({ metadata: { deletionTimestamp: "2026-01-01T00:00:00.999+02:00" } }).value).toMatchObject({
      metadata: { deletionTimestamp: "2025-12-31T22:00:00Z" },
    });
  });

  it.each([
    ["2026-01-01T00:00:00Z", 'cannot parse "Z" as ".000000"'],
    ["2026-01-01T00:00:00.5Z", 'cannot parse ".5Z" as ".000000"'],
    ["2026-01-01T00:00:00.1234567Z", 'cannot parse "7Z" as "Z07:00"'],
    ["2026-13-01T00:00:00.123456Z", 'parsing time "2026-13-01T00:00:00.123456Z": month out of range'],
    ["today", 'cannot parse "today" as "2006"'],
  ])("but refuses %s where microseconds belong, as the reference does", (renewTime, message) => {
    expect(() => canonicalize(typePlan("coordination.Lease"), { metadata: {}, spec: { renewTime } })).toThrow(message);
  });

  it("with quantities spelt canonically", () => {
    const resources = { limits: { cpu: 0.5, memory: "1024Mi", "example.org/x": "1e3" } };
    expect(pod({ spec: { containers: [{ name: "c", resources }] } }).value).toMatchObject({
      spec: { containers: [{ resources: { limits: { cpu: "500m", memory: "1Gi", "example.org/x": "1e3" } } }] },
    });
  });

  it("with a null time where the type has no pointer", () => {
    expect(pod({ status: { conditions: [{ type: "Ready", status: "True" }] } }).value).toMatchObject({
      status: { conditions: [{ type: "Ready", lastProbeTime: null, lastTransitionTime: null }] },
    });
  });

  it("the same when it is written again", () => {
    const once = pod({ spec: { containers: [{ name: "c", image: "x", ports: [{ containerPort: 80 }], env: [{ name: "A" }] }] } }).value;
    expect(canonicalize(typePlan("core.Pod"), once).value).toEqual(once);
  });
});

describe("what does not fit", () => {
  it("lists unknown fields with their paths and drops them", () => {
    const { value, unknownFields } = pod({ spec: { foo: 1, containers: [{ name: "c", ports: [{ x: 1 }] }] }, bar: {} });
    expect(unknownFields).toEqual(["bar", "spec.foo", "spec.containers[0].ports[0].x"]);
    expect(value).not.toHaveProperty("bar");
  });

  it.each([
    [{ spec: { containers: {} } }, "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"],
    [
      { spec: { containers: [{ name: 1 }] } },
      "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string",
    ],
    [{ spec: { hostNetwork: "x" } }, "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"],
    [
      { spec: { terminationGracePeriodSeconds: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
    ],
    [{ metadata: { labels: { a: 1 } } }, "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"],
    [{ metadata: { creationTimestamp: "zzz" } }, 'parsing time "zzz" as'],
    [{ spec: { containers: [{ name: "c", resources: { limits: { cpu: "abc" } } }] } }, "quantities must match the regular expression"],
    [{ spec: 5 }, "json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec"],
  ])("%j is refused as Go refuses it", (value, message) => {
    expect(() => pod(value)).toThrow(message);
  });

  it("is told and not fallen over, whatever it is", () => {
    const types = Object.keys(SCHEMA);
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.string(), fc.jsonValue()), (type, value) => {
        try {
          canonicalize(typePlan(type), value);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it("keeps labels called __proto__ as data", () => {
    const { value } = pod({ metadata: { labels: JSON.parse('{"__proto__":"x"}') as object } });
    expect(JSON.stringify(value)).toContain('{"__proto__":"x"}');
  });
});
