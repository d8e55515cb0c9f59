import type { RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { sampleContainer, sampleStatus } from "@nk/pod-sync/testing";
import { expect, test } from "vitest";
import { asShown } from "./pod-runtime.ts";

const instance = (id: string, state: RuntimeContainerStatus["state"]): RuntimeContainerStatus => ({
  ...sampleContainer({ name: "main" }),
  name: "main",
  id,
  state,
});
const observe = (...containers: readonly RuntimeContainerStatus[]): RuntimePodStatus => ({ ...sampleStatus(), containers });

/** `old` gives way to `new`, which is newer. */
const shownOf = (containers: readonly RuntimeContainerStatus[], starting: readonly string[] = []): readonly string[] | undefined =>
  asShown(
    { isStarting: (_uid, id) => starting.includes(id), isReplaced: (_uid, id) => id === "old" },
    observe(...containers),
  )?.containers.map(({ id, state }) => `${id} ${state}`);

test.each([
  ["runs until its successor does", [instance("old", "exited")], [], ["old running"]],
  ["runs while its successor is made", [instance("new", "created"), instance("old", "exited")], [], ["old running"]],
  ["runs while its successor's hook does", [instance("new", "running"), instance("old", "exited")], ["new"], ["old running"]],
  ["has ended once its successor runs", [instance("new", "running"), instance("old", "exited")], [], ["new running", "old exited"]],
  ["has ended once its successor has", [instance("new", "exited"), instance("old", "exited")], [], ["new exited", "old exited"]],
] as const)("a container that is replaced %s", (_sentence, containers, starting, shown) => {
  expect(shownOf(containers, starting)).toEqual(shown);
});
