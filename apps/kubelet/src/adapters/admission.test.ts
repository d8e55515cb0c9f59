import type { Node, Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { admissionByNode } from "./admission.ts";

const STRICT: Pod = {
  metadata: { name: "p", uid: "u" },
  spec: { containers: [{ name: "c" }], securityContext: { supplementalGroupsPolicy: "Strict" } },
};
const nodeWith = (supplementalGroupsPolicy?: boolean): Node => ({
  metadata: { name: "n" },
  status: { allocatable: { pods: "1" }, ...(supplementalGroupsPolicy === undefined ? {} : { features: { supplementalGroupsPolicy } }) },
});

const create = () => {
  const clock = createFakeClock();
  const known = Promise.withResolvers<void>();
  let node = nodeWith();
  const admission = admissionByNode({
    node: () => node,
    allowedUnsafeSysctls: ["net.*"],
    isAppArmorEnabled: true,
    traitsKnown: known.promise,
    clock,
  });
  const learn = (can: boolean): void => {
    node = nodeWith(can);
    known.resolve();
  };
  return { clock, admission, learn };
};

describe("a pod whose groups are strict", () => {
  it.each([true, false])("is judged when it is known whether the runtime can (%s)", async (can) => {
    const { admission, learn } = create();
    const answer = admission.admit(STRICT, []);
    learn(can);
    expect((await answer).admit).toBe(can);
  });

  it("is refused when the runtime stays silent", async () => {
    const { clock, admission } = create();
    const answer = admission.admit(STRICT, []);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({ admit: false, reason: "SupplementalGroupsPolicyNotSupported" });
  });
});

it("pods that ask for no such thing are judged at once, by what the settings and the host allow", () => {
  const { admission } = create();
  const securityContext = { sysctls: [{ name: "net.core.somaxconn", value: "1" }], appArmorProfile: { type: "RuntimeDefault" } };
  expect(admission.admit({ ...STRICT, spec: { containers: [], securityContext } }, [])).toEqual({ admit: true });
});
