import type { ContainerStatus, CoreEvent, Pod, PodCondition } from "@nk/pod-model";
import type { ClusterRig } from "../cluster-rig.ts";
import { untilApiPod } from "../cluster-rig.ts";
import { until } from "../until.ts";

/** Status of a pod's first container. */
export const main = ({ status }: Pod): ContainerStatus | undefined => status?.containerStatuses?.[0];

export const conditionOf = ({ status }: Pod, type: string): PodCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

export const isReady = (pod: Pod): boolean => conditionOf(pod, "Ready")?.status === "True";

/** All its containers run, which it says itself. */
export const runs = (pod: Pod): boolean =>
  (pod.status?.containerStatuses ?? []).length > 0 &&
  (pod.status?.containerStatuses ?? []).every(({ state }) => state?.running !== undefined);

export const waitsFor = (pod: Pod, reason: string): boolean => main(pod)?.state?.waiting?.reason === reason;

export const uidOf = ({ metadata }: Pod): string => metadata?.uid ?? "";

/** Creates a pod and waits until it is Ready. */
export const runReady = async (rig: ClusterRig, pod: Pod): Promise<Pod> => {
  await rig.create(pod);
  return untilApiPod(rig, pod.metadata?.name ?? "", isReady);
};

/** The kubelet's events about a pod, in the order in which they were first seen. */
export const eventsOf = (rig: Pick<ClusterRig, "events">, pod: Pod): readonly CoreEvent[] =>
  rig.events.list().filter(({ involvedObject, source }) => involvedObject.uid === uidOf(pod) && source?.component === "kubelet");

/** Waits until there is an event with this reason, and answers its message. */
export const untilEvent = (rig: Pick<ClusterRig, "events">, pod: Pod, reason: string): Promise<CoreEvent> =>
  rig.events.until(
    () =>
      `event ${reason} of pod ${pod.metadata?.name}; there are ${eventsOf(rig, pod)
        .map((event) => event.reason)
        .join(", ")}`,
    () => eventsOf(rig, pod).find((event) => event.reason === reason),
  );

/** What a command in a container prints, by the runtime itself. @throws Error when it does not exit with 0 */
export const shellIn = async (rig: Pick<ClusterRig, "cri">, pod: Pod, script: string): Promise<string> => {
  const containerId = (main(pod)?.containerID ?? "").replace("containerd://", "");
  const { stdout, stderr, exitCode } = await rig.cri.execSync({ containerId, cmd: ["sh", "-c", script], timeout: 10n });
  const text = Buffer.from(stdout).toString("utf8");
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${text}${Buffer.from(stderr).toString("utf8")}`);
  return text;
};

/** Repeats a command until it prints what is wanted. */
export const untilShellSays = async (
  rig: Pick<ClusterRig, "cri">,
  pod: Pod,
  expected: { readonly script: string; readonly text: string },
): Promise<void> => {
  let last = "";
  await until(
    () => `"${expected.text}" from ${expected.script} in ${pod.metadata?.name}; the last was "${last}"`,
    async () => {
      last = (await shellIn(rig, pod, expected.script)).trim();
      return last === expected.text;
    },
    { timeoutMs: 10_000 },
  );
};
