import type { PodSpec, ResourceRequirements } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { problemsOfContainer, problemsOfInit, problemsOfSpec } from "../../test/problems-of.ts";

const PAGES = "hugepages-2Mi";

describe.each([
  {
    of: "a container",
    at: "spec.containers[0].resources",
    problemsOf: (resources: ResourceRequirements) => problemsOfContainer({ resources }),
  },
  {
    of: "an init container",
    at: "spec.initContainers[0].resources",
    problemsOf: (resources: ResourceRequirements) => problemsOfInit({ resources }),
  },
  { of: "a pod as a whole", at: "spec.resources", problemsOf: (resources: ResourceRequirements) => problemsOfSpec({ resources }) },
])("huge pages of $of", ({ at, problemsOf }) => {
  it("go with cpu or memory, in whole pages", () => {
    expect(problemsOf({ limits: { [PAGES]: "4Mi", memory: "1Gi" } })).toEqual([]);
    expect(problemsOf({ limits: { "hugepages-1Gi": "1Gi", [PAGES]: "0" }, requests: { cpu: "1", "hugepages-1Gi": "1024Mi" } })).toEqual([]);
  });

  it.each<readonly [string, ResourceRequirements, readonly string[]]>([
    ["alone", { limits: { [PAGES]: "2Mi" } }, [": Forbidden: HugePages require cpu or memory"]],
    [
      "in parts of pages",
      { limits: { [PAGES]: "3Mi", cpu: "1" }, requests: { cpu: "1", [PAGES]: "3Mi" } },
      [
        `.limits[${PAGES}]: Invalid value: "3Mi": 3Mi is not positive integer multiple of ${PAGES}`,
        `.requests[${PAGES}]: Invalid value: "3Mi": 3Mi is not positive integer multiple of ${PAGES}`,
      ],
    ],
    [
      "fewer than at most",
      { limits: { [PAGES]: "4Mi", cpu: "1" }, requests: { [PAGES]: "2Mi" } },
      [`.requests[${PAGES}]: Invalid value: "2Mi": must be equal to ${PAGES} limit of 4Mi`],
    ],
    [
      "without a limit",
      { requests: { [PAGES]: "2Mi", cpu: "1" } },
      [".limits: Required value: Limit must be set for non overcommitable resources"],
    ],
    [
      "of half a byte",
      { limits: { "hugepages-500m": "2", cpu: "1" }, requests: { "hugepages-500m": "2" } },
      ["limits", "requests"].map(
        (side) => `.${side}[hugepages-500m]: Invalid value: "2": 2 is not positive integer multiple of hugepages-500m`,
      ),
    ],
    [
      "of no size",
      {
        limits: { "hugepages-": "2Mi", "hugepages-x": "2Mi", "hugepages-0": "2Mi", cpu: "1" },
        requests: { "hugepages-x": "2Mi", "hugepages-0": "2Mi" },
      },
      [
        '.limits[hugepages-]: Invalid value: "hugepages-": name part must consist of',
        '.limits[hugepages-x]: Invalid value: "2Mi": 2Mi is not positive integer multiple of hugepages-x',
        '.limits[hugepages-0]: Invalid value: "2Mi": 2Mi is not positive integer multiple of hugepages-0',
      ],
    ],
  ])("can't be had %s", (_how, resources, expected) => {
    const problems = problemsOf(resources);
    for (const [index, text] of expected.entries()) expect(problems[index]).toContain(`${at}${text}`);
    if (expected.length < 3) expect(problems).toHaveLength(expected.length);
  });
});

const holding = (spec: Partial<PodSpec>, ...containers: readonly ResourceRequirements[]): readonly string[] =>
  problemsOfSpec({ ...spec, containers: containers.map((resources, index) => ({ name: `c${index}`, image: "i", resources })) });

describe("a pod's own resources", () => {
  it("may be cpu, memory and huge pages, and leave room for the containers", () => {
    const resources = { requests: { cpu: "1", memory: "2Gi" }, limits: { cpu: "2", memory: "2Gi", [PAGES]: "4Mi" } };
    const limits = { cpu: "2", memory: "1Gi", [PAGES]: "2Mi" };
    // Limits of cpu may come to more than the pod's, requests may not.
    expect(holding({ resources }, { limits, requests: { cpu: "0.5" } }, { limits, requests: { cpu: "500m" } })).toEqual([]);
    expect(holding({ resources: {} }, { limits: { cpu: "1" } })).toEqual([]);
    expect(holding({ resources: { limits: { cpu: "1" } } }, { limits: { memory: "1Gi", "ephemeral-storage": "1Gi" } })).toEqual([]);
  });

  it.each<readonly [string, ResourceRequirements, string]>([
    [
      "another resource of containers",
      { limits: { "ephemeral-storage": "1Gi" } },
      '.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    ],
    [
      "a device",
      { limits: { "nvidia.com/gpu": "1" } },
      '.limits[nvidia.com/gpu]: Unsupported value: "nvidia.com/gpu": supported values: "cpu", "hugepages-", "memory"',
    ],
    [
      "what is none",
      { requests: { constructor: "1" } },
      '.requests.constructor: Invalid value: "constructor": must be a standard resource type or fully qualified',
    ],
    ["a name that is none", { requests: { "a b": "1" } }, '.requests[a b]: Invalid value: "a b": name part must consist of'],
    ["an amount that is none", { requests: { cpu: "lots" } }, '.requests.cpu: Invalid value: "lots"'],
    ["less than nothing", { requests: { cpu: "-1" } }, '.requests.cpu: Invalid value: "-1": must be greater than or equal to 0'],
    [
      "more than at most",
      { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } },
      '.requests.memory: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    ],
    ["claims", { claims: [{ name: "x" }] }, ".claims: Forbidden: claims may not be set for Resources at pod-level"],
  ])("may not be %s", (_what, resources, expected) => {
    const problems = problemsOfSpec({ resources });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`spec.resources${expected}`);
  });

  it("are not less than what the containers ask for together, or any of them alone may have", () => {
    const resources = { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } };
    expect(holding({ resources }, { requests: { cpu: "600m" } }, { requests: { cpu: "0.5" } })).toEqual([
      'spec.resources.requests.cpu: Invalid value: "1": must be greater than or equal to aggregate container requests of 1100m',
    ]);
    expect(holding({ resources }, { limits: { cpu: "3", memory: "2Gi" }, requests: { cpu: "1", memory: "1" } })).toEqual([
      'spec.containers[0].resources.limits.cpu: Invalid value: "3": must be less than or equal to pod limits of 2',
      'spec.containers[0].resources.limits.memory: Invalid value: "2Gi": must be less than or equal to pod limits of 1Gi',
    ]);
    const pages = { limits: { cpu: "1", [PAGES]: "2Mi" }, requests: { cpu: "0" } };
    expect(holding({ resources: { limits: { cpu: "1", [PAGES]: "2Mi" }, requests: { cpu: "1", [PAGES]: "2Mi" } } }, pages, pages)).toEqual([
      `spec.resources.requests[${PAGES}]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi`,
      `spec.resources.limits[${PAGES}]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi`,
    ]);
  });

  it("are judged as far as they can be when a container's can't be read, or have names of other things", () => {
    expect(holding({ resources: { limits: { cpu: "1" } } }, { limits: { cpu: "lots" } }).every((text) => text.includes('"lots"'))).toBe(
      true,
    );
    const names = JSON.parse('{"__proto__": "1", "constructor": "1", "toString": "1"}') as { [name: string]: string };
    for (const side of ["limits", "requests"] as const) {
      const problems = holding({ resources: { [side]: names } }, { [side]: names });
      expect(problems.some((text) => text.includes(`spec.resources.${side}.toString: Invalid value`))).toBe(true);
    }
  });

  it("are not for Windows", () =>
    expect(problemsOfSpec({ os: { name: "windows" }, resources: { limits: { x: "1" } } })).toEqual([
      "spec.resources: Forbidden: may not be set for a windows pod",
    ]));
});
