import { expect, it } from "vitest";
import { createSelf } from "./self.ts";

it("says by which Kubernetes it goes and what executes it, not which container runtime it has", () => {
  const self = createSelf(
    { configObject: {}, givenFlags: {} },
    { startedAtMs: 5000, runtimeVersion: "v24.1.0", changeVerbosity: () => undefined },
  );
  expect(self.facts.status()).toEqual({
    startedAtMs: 5000,
    binaryVersion: expect.stringMatching(/^1\.36\.\d+$/),
    runtimeVersion: "v24.1.0",
  });
});
