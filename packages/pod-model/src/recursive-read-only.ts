import type { VolumeMount } from "./gen/core-v1.ts";

/** Whether a mount is read-only with all that is mounted below it, or why that cannot be. */
export type RecursiveReadOnly = { readonly isRecursive: boolean } | { readonly problem: string };

/**
 * Resolves a mount's recursiveReadOnly by what its runtime handler can do (KEP-3857; resolveRecursiveReadOnly, pkg/kubelet/kubelet_pods.go,
 * whose words a problem has).
 */
export const resolveRecursiveReadOnly = (mount: VolumeMount, isSupported: boolean): RecursiveReadOnly => {
  const mode = mount.recursiveReadOnly ?? "Disabled";
  if (mode === "Disabled") return { isRecursive: false };
  const refuse = (why: string): RecursiveReadOnly => ({
    problem: `volume ${JSON.stringify(mount.name)} requested recursive read-only mode, but ${why}`,
  });
  if (mount.readOnly !== true) return refuse("it is not read-only");
  const propagation = mount.mountPropagation ?? "None";
  if (propagation !== "None") return refuse(`it is not compatible with propagation ${JSON.stringify(propagation)}`);
  if (mode === "IfPossible") return { isRecursive: isSupported };
  if (mode !== "Enabled") return { problem: `unknown recursive read-only mode ${JSON.stringify(mode)}` };
  return isSupported ? { isRecursive: true } : refuse("it is not supported by the runtime");
};
