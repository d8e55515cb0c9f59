import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { hasNoChanges, listResourceChanges, podResourcesOf, withPodResources } from "./pod-resources.ts";

const podOf = (main: ResourceRequirements, more: { init?: ResourceRequirements; pod?: ResourceRequirements } = {}): Pod => ({
  metadata: { name: "p" },
  spec: {
    containers: [{ name: "main", resources: main }],
    ...(more.init === undefined ? {} : { initContainers: [{ name: "init", resources: more.init }] }),
    ...(more.pod === undefined ? {} : { resources: more.pod }),
  },
});

const small = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m" } };

describe("listResourceChanges", () => {
  const cases: Record<string, { from: Pod; to: Pod; changes: ReturnType<typeof listResourceChanges> }> = {
    "nothing differs": { from: podOf(small), to: podOf({ ...small }), changes: { containers: {}, pod: [] } },
    "another spelling of an amount is no difference": {
      from: podOf({ requests: { cpu: "1", memory: "1Gi" } }),
      to: podOf({ requests: { cpu: "1000m", memory: "1024Mi" } }),
      changes: { containers: {}, pod: [] },
    },
    "an amount of zero is none": { from: podOf({}), to: podOf({ limits: { cpu: "0" } }), changes: { containers: {}, pod: [] } },
    "memory comes before cpu": {
      from: podOf(small),
      to: podOf({ requests: { cpu: "200m", memory: "65Mi" }, limits: { cpu: "200m" } }),
      changes: { containers: { main: ["memory", "cpu"] }, pod: [] },
    },
    "a limit that is added counts": {
      from: podOf(small),
      to: podOf({ ...small, limits: { cpu: "200m", memory: "1Gi" } }),
      changes: { containers: { main: ["memory"] }, pod: [] },
    },
    "init containers and the pod as a whole count": {
      from: podOf(small, { init: small, pod: { limits: { cpu: "1" } } }),
      to: podOf(small, { init: {}, pod: { limits: { cpu: "2" } } }),
      changes: { containers: { init: ["memory", "cpu"] }, pod: ["cpu"] },
    },
    "other resources do not count": {
      from: podOf({ requests: { "ephemeral-storage": "1Gi" } }),
      to: podOf({ requests: { "ephemeral-storage": "2Gi" } }),
      changes: { containers: {}, pod: [] },
    },
    "an amount that is none is another": {
      from: podOf({ requests: { cpu: "1" } }),
      to: podOf({ requests: { cpu: "one" } }),
      changes: { containers: { main: ["cpu"] }, pod: [] },
    },
  };
  test.each(Object.entries(cases))("%s", (_name, { from, to, changes }) => {
    expect(listResourceChanges(from, to)).toEqual(changes);
  });
});

const amounts = fc.dictionary(fc.constantFrom("cpu", "memory", "hugepages-2Mi"), fc.constantFrom("0", "1", "100m", "64Mi", "1Gi", "x", ""));
const requirements = fc.record({ requests: amounts, limits: amounts }, { requiredKeys: [] });
const pods = fc
  .record({ main: requirements, init: requirements, pod: fc.option(requirements, { nil: undefined }) })
  .map(({ main, init, pod }) => podOf(main, { init, ...(pod === undefined ? {} : { pod }) }));

test("a pod that gets the resources of another one differs from it in none, and nothing ever throws", () => {
  fc.assert(
    fc.property(pods, pods, (a, b) => {
      const mixed = withPodResources(a, podResourcesOf(b));
      expect(hasNoChanges(listResourceChanges(mixed, b))).toBe(true);
      expect(withPodResources(mixed, podResourcesOf(b))).toBe(mixed);
      expect(withPodResources(a, podResourcesOf(a))).toBe(a);
      expect(mixed.metadata).toBe(a.metadata);
    }),
  );
});
