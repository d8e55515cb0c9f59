import { compareNewestFirst, containerHash, RUNTIME_ANNOTATIONS } from "@nk/pod-model";
import type { RuntimeContainerStatus, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";

/** The parts of an observed container that a test cares about; `image` is what it was made from. */
export type SampleContainer = Partial<RuntimeContainerStatus> & { readonly name: string };

/** A container in sandbox `s0`, running since second 1000 unless said otherwise. Its id is `NAME-ATTEMPT`. */
export const sampleContainer = (container: SampleContainer): RuntimeContainerStatus => {
  const { name, attempt = 0, state = "running", image = "busybox" } = container;
  return {
    id: `${name}-${attempt}`,
    sandboxId: "s0",
    attempt,
    state,
    createdAtNanos: BigInt(attempt),
    image,
    imageId: "sha256:1",
    labels: {},
    annotations: { [RUNTIME_ANNOTATIONS.containerHash]: containerHash({ name, image }) },
    startedAtNanos: state === "created" ? 0n : 1_000_000_000_000n,
    finishedAtNanos: state === "exited" ? 1_005_000_000_000n : 0n,
    exitCode: 0,
    reason: "",
    message: "",
    imageRef: "sha256:1",
    logPath: "",
    mounts: [],
    ...container,
  };
};

/** A ready sandbox `s0` of attempt 0 with an address unless said otherwise. */
export const sampleSandbox = (sandbox: Partial<RuntimeSandboxStatus> = {}): RuntimeSandboxStatus => {
  const { attempt = 0 } = sandbox;
  return {
    id: `s${attempt}`,
    attempt,
    state: "ready",
    createdAtNanos: BigInt(attempt),
    labels: {},
    annotations: {},
    runtimeHandler: "",
    ips: ["10.0.0.1"],
    network: "pod",
    ...sandbox,
  };
};

/** What was observed of pod `web`. Without `sandboxes` it has the one of {@link sampleSandbox}. */
export const sampleStatus = (
  containers: readonly SampleContainer[] = [],
  sandboxes: readonly Partial<RuntimeSandboxStatus>[] = [{}],
): RuntimePodStatus => ({
  uid: "uid-web",
  name: "web",
  namespace: "default",
  ips: ["10.0.0.1"],
  sandboxes: sandboxes.map(sampleSandbox).toSorted(compareNewestFirst),
  containers: containers.map(sampleContainer).toSorted(compareNewestFirst),
  observedAtMs: 0,
});
