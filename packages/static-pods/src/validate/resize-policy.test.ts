import { describe, expect, it } from "vitest";
import { problemsOfContainer, problemsOfInit } from "../../test/problems-of.ts";

const policy = (resourceName: string, restartPolicy = "NotRequired") => ({ resourceName, restartPolicy });
const AT = "spec.containers[0].resizePolicy";

describe("a container's resize policy", () => {
  it("may be stated for cpu and memory, and restart what may be restarted", () => {
    const resizePolicy = [policy("cpu"), policy("memory", "RestartContainer")];
    expect(problemsOfContainer({ resizePolicy })).toEqual([]);
    expect(problemsOfInit({ restartPolicy: "Always", resizePolicy })).toEqual([]);
    expect(problemsOfInit({ resizePolicy: [policy("cpu")] }, { restartPolicy: "Never" })).toEqual([]);
  });

  it.each<readonly [string, readonly ReturnType<typeof policy>[], string]>([
    ["twice for one resource", [policy("cpu"), policy("cpu")], `${AT}[1]: Duplicate value: "cpu"`],
    ["for no resource", [policy("")], `${AT}[0].resourceName: Required value`],
    [
      "for another resource",
      [policy("hugepages-2Mi")],
      `${AT}[0].resourceName: Unsupported value: "hugepages-2Mi": supported values: "cpu", "memory"`,
    ],
    ["without saying what", [policy("cpu", "")], `${AT}[0].restartPolicy: Required value`],
    [
      "with another word",
      [policy("cpu", "Restart")],
      `${AT}[0].restartPolicy: Unsupported value: "Restart": supported values: "NotRequired", "RestartContainer"`,
    ],
  ])("may not be stated %s", (_how, resizePolicy, expected) => expect(problemsOfContainer({ resizePolicy })).toEqual([expected]));

  it("restarts nothing in a pod that never does, and no init container that ends by itself", () => {
    const resizePolicy = [policy("memory", "RestartContainer")];
    expect(problemsOfContainer({ resizePolicy }, { restartPolicy: "Never" })).toEqual([
      `${AT}[0].restartPolicy: Invalid value: "RestartContainer": must be 'NotRequired' when pod \`restartPolicy\` is 'Never'`,
    ]);
    expect(problemsOfInit({ resizePolicy })).toEqual([
      "spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set to 'RestartContainer' for non-sidecar initContainers",
    ]);
  });
});
