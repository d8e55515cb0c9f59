import { expect, it } from "vitest";
import type { VolumeMount } from "./gen/core-v1.ts";
import { resolveRecursiveReadOnly } from "./recursive-read-only.ts";

const resolve = (mount: Partial<VolumeMount>, isSupported: boolean) =>
  resolveRecursiveReadOnly({ name: "v", mountPath: "/m", ...mount }, isSupported);

it.each<[Partial<VolumeMount>, boolean, boolean]>([
  [{}, true, false],
  [{ readOnly: true }, true, false],
  [{ readOnly: true, recursiveReadOnly: "Disabled" }, true, false],
  [{ readOnly: true, recursiveReadOnly: "IfPossible" }, false, false],
  [{ readOnly: true, recursiveReadOnly: "IfPossible", mountPropagation: "None" }, true, true],
  [{ readOnly: true, recursiveReadOnly: "Enabled" }, true, true],
])("of %j on a handler that can do it (%s) is %s", (mount, isSupported, isRecursive) => {
  expect(resolve(mount, isSupported)).toEqual({ isRecursive });
});

it.each<[Partial<VolumeMount>, boolean, string]>([
  [{ recursiveReadOnly: "Enabled" }, true, 'volume "v" requested recursive read-only mode, but it is not read-only'],
  [{ recursiveReadOnly: "IfPossible" }, true, 'volume "v" requested recursive read-only mode, but it is not read-only'],
  [
    { readOnly: true, recursiveReadOnly: "Enabled", mountPropagation: "Bidirectional" },
    true,
    'volume "v" requested recursive read-only mode, but it is not compatible with propagation "Bidirectional"',
  ],
  [
    { readOnly: true, recursiveReadOnly: "Enabled" },
    false,
    'volume "v" requested recursive read-only mode, but it is not supported by the runtime',
  ],
  [{ readOnly: true, recursiveReadOnly: "Maybe" }, true, 'unknown recursive read-only mode "Maybe"'],
])("of %j on a handler that can do it (%s) cannot be: %s", (mount, isSupported, problem) => {
  expect(resolve(mount, isSupported)).toEqual({ problem });
});
