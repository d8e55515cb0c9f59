import type { DownwardAPIVolumeFile, ObjectFieldSelector, ResourceFieldSelector, VolumeProjection } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { problemsOfContainer, problemsOfSpec } from "../../test/problems-of.ts";

const inEnv = (valueFrom: { readonly fieldRef?: ObjectFieldSelector; readonly resourceFieldRef?: ResourceFieldSelector }) =>
  problemsOfContainer({ env: [{ name: "A", valueFrom }] });
const field = (fieldPath: string): readonly string[] => inEnv({ fieldRef: { fieldPath } });
const resource = (name: string, divisor: string | undefined): readonly string[] =>
  inEnv({ resourceFieldRef: { resource: name, ...(divisor === undefined ? {} : { divisor }) } });

describe("a variable from a field of the pod", () => {
  const at = "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath";
  it.each(["metadata.name", "status.podIPs", "metadata.labels['a.b/c']", "metadata.annotations['A.B/C']"])("may be %s", (path) =>
    expect(field(path)).toEqual([]),
  );
  it.each<readonly [string, string]>([
    ["", "Required value"],
    ["spec.x", 'Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x'],
    ["metadata.name['a']", `error converting fieldPath: field label does not support subscript: metadata.name['a']`],
    ["status.phase", 'Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace"'],
    ["metadata.labels", 'Unsupported value: "metadata.labels"'],
    ["metadata.labels['a b']", 'Invalid value: "a b": name part must consist of'],
    ["metadata.labels['']", 'Invalid value: "": name part must be non-empty'],
    ["metadata.labels['a'", "field label not supported"],
  ])("may not be %j", (path, expected) => {
    const problems = field(path);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${at}: `);
    expect(problems[0]).toContain(expected);
  });

  it("takes no time over a path made to slow a pattern down, and shows little of it", () => {
    const [problem = ""] = field("['".repeat(100_000));
    expect(problem.length).toBeLessThan(700);
  });
});

describe("a variable from a container's resources", () => {
  const at = "spec.containers[0].env[0].valueFrom.resourceFieldRef";
  it.each<readonly [string, string | undefined]>([
    ["limits.cpu", "1m"],
    ["requests.cpu", "1000m"],
    ["limits.memory", "1Mi"],
    ["requests.ephemeral-storage", "0"],
    ["limits.hugepages-2Mi", "1Ki"],
    ["requests.hugepages-1Gi", undefined],
  ])("may be %s by %s", (name, divisor) => expect(resource(name, divisor)).toEqual([]));
  it.each<readonly [string, string, string]>([
    [
      "limits.x",
      "1",
      'resource: Unsupported value: "limits.x": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
    ],
    ["", "1", "resource: Required value"],
    ["limits.cpu", "x", 'divisor: Invalid value: "x"'],
    ["limits.cpu", "2", `divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`],
    [
      "requests.memory",
      "1m",
      `divisor: Invalid value: "requests.memory": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource`,
    ],
    ["limits.ephemeral-storage", "3", "1Ei are supported with the local ephemeral storage resource"],
    ["limits.hugepages-2Mi", "3", "1Ei are supported with the hugepages resource"],
  ])("may not be %j by %s", (name, divisor, expected) => {
    const problems = resource(name, divisor);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${at}.`);
    expect(problems[0]).toContain(expected);
  });
});

const name = { fieldRef: { fieldPath: "metadata.name" } };

describe.each([
  {
    kind: "downwardAPI",
    at: "spec.volumes[0].downwardAPI",
    problemsOf: (items: readonly DownwardAPIVolumeFile[], defaultMode: number) =>
      problemsOfSpec({ volumes: [{ name: "v", downwardAPI: { defaultMode, items } }] }),
  },
  {
    kind: "projected",
    at: "spec.volumes[0].projected.sources[0].downwardAPI",
    problemsOf: (items: readonly DownwardAPIVolumeFile[], defaultMode: number) =>
      problemsOfSpec({ volumes: [{ name: "v", projected: { defaultMode, sources: [{ downwardAPI: { items } }] } }] }),
  },
])("files of a $kind volume", ({ problemsOf, at }) => {
  it("may be what the pod shows of itself and what its containers ask for", () =>
    expect(
      problemsOf(
        [
          { path: "a/b", ...name, mode: 0o777 },
          { path: ".c/..d", fieldRef: { fieldPath: "metadata.labels" } },
          { path: "e", fieldRef: { fieldPath: "metadata.annotations['x.y/z']" } },
          { path: "f", resourceFieldRef: { containerName: "c", resource: "limits.memory", divisor: "1Mi" } },
        ],
        0o777,
      ),
    ).toEqual([]));

  it.each<readonly [string, DownwardAPIVolumeFile, string]>([
    ["without a path", { path: "", ...name }, "path: Required value"],
    ["with an absolute path", { path: "/a", ...name }, 'path: Invalid value: "/a": must be a relative path'],
    ["with a backstep", { path: "a/../b", ...name }, `path: Invalid value: "a/../b": must not contain '..'`],
    ["that leave the volume", { path: "../a", ...name }, `path: Invalid value: "../a": must not contain '..'`],
    ["where the writer keeps its links", { path: "..data", ...name }, `path: Invalid value: "..data": must not start with '..'`],
    ["of nothing", { path: "a" }, " Required value: one of fieldRef and resourceFieldRef is required"],
    [
      "of two things",
      { path: "a", ...name, resourceFieldRef: { containerName: "c", resource: "limits.cpu" } },
      ' Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
    ],
    [
      "of an address",
      { path: "a", fieldRef: { fieldPath: "status.podIP" } },
      'fieldRef.fieldPath: Unsupported value: "status.podIP": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
    ],
    ["of no container", { path: "a", resourceFieldRef: { resource: "limits.cpu" } }, "resourceFieldRef.containerName: Required value"],
    [
      "with a mode out of range",
      { path: "a", ...name, mode: 0o1000 },
      "mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    ],
    ["with a negative mode", { path: "a", ...name, mode: -1 }, "mode: Invalid value: -1"],
  ])("may not be %s", (_how, file, expected) => {
    const problems = problemsOf([file], 0);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected.startsWith(" ") ? `${at}.items[0]:${expected}` : `${at}.items[0].${expected}`);
  });

  it("have a mode in range", () => {
    const [problem] = problemsOf([], 0o1000);
    expect(problem).toMatch(/\.defaultMode: Invalid value: 512: must be a number between 0 and 0777 \(octal\), both inclusive$/u);
  });
});

describe("a projected volume", () => {
  const projecting = (...sources: readonly VolumeProjection[]) => problemsOfSpec({ volumes: [{ name: "v", projected: { sources } }] });

  it("may not have one path twice, whatever the source", () => {
    const source = { downwardAPI: { items: [{ path: "a", ...name }] } };
    expect(projecting(source, source)).toEqual([
      'spec.volumes[0].projected.sources[1].downwardAPI.items[0].path: Invalid value: "a": conflicting duplicate paths',
    ]);
  });

  it("may not have two kinds in one source", () =>
    expect(projecting({ downwardAPI: {}, secret: { name: "s" } })).toEqual([
      "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
    ]));
});
