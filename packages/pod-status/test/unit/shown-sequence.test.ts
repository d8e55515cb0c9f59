import { isDeepStrictEqual } from "node:util";
import { podRef } from "@nk/pod-model";
import type { Pod, PodStatus } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { computePodStatus, computeRejectedStatus, createStatusWriter } from "../../src/index.ts";
import type { PodStatusInput, StatusOverride } from "../../src/index.ts";
import { createFakePodApi } from "../../src/testing/index.ts";
import { isFromUnlimitedCgroup, normalise, recordings, toInput } from "../recordings/recording.ts";
import type { Recording } from "../recordings/recording.ts";

/** Recordings that hold what is made elsewhere, and why. */
const LEFT_OUT: { readonly [name: string]: string } = {
  "p19-sidecar": "the reference's prober flips `started` in a status whose conditions are computed later: a moment that nk does not have",
  "p38-runtimeclass": "the API server's admission adds the overhead of the runtime class; the recording holds the pod as it was sent",
  "p42-image-volume": "the status of an image volume carries its image reference, which the volumes package knows",
};

const isFinal = ({ phase }: PodStatus): boolean => phase === "Failed" || phase === "Succeeded";

const hasStarted = (status: PodStatus): boolean =>
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(({ containerID }) => containerID !== undefined);

/**
 * Each distinct status. Left out are the address before the first container (the reference tells it with that, nk as soon as the sandbox has
 * it), and pod-level resources where the reference read those of a cgroup without a limit.
 */
const distinct = (statuses: readonly PodStatus[], isFromCgroup: boolean): readonly unknown[] => {
  const all = statuses.map((status) => {
    const { podIP: _podIp, podIPs: _podIPs, ...withoutAddress } = status;
    const { resources, ...rest } = hasStarted(status) ? status : withoutAddress;
    const compared = isFromCgroup || resources === undefined ? rest : { ...rest, resources };
    return normalise(compared, compared);
  });
  return all.filter((status, index) => index === 0 || !isDeepStrictEqual(status, all[index - 1]));
};

/** Later statuses tell what the pod was failed for, which an earlier one, held back, does not show yet. */
const overrideOf = ({ statuses }: Recording, index: number): { readonly override?: StatusOverride } => {
  const failed = statuses[index]?.status.conditions?.some(({ reason }) => reason === "PodFailed") === true;
  const told = statuses.slice(index).find(({ status }) => status.reason !== undefined)?.status;
  return failed && told?.reason !== undefined ? { override: { phase: "Failed", reason: told.reason, message: told.message ?? "" } } : {};
};

/** Whether a kubelet that comes back at this moment, and remembers nothing but what the API shows, writes something. */
const writesAfterRestart = async (
  pod: Pod,
  { input, isStopped }: { readonly input: PodStatusInput; readonly isStopped: boolean },
): Promise<boolean> => {
  const clock = createFakeClock();
  const api = createFakePodApi();
  const writer = createStatusWriter({ api }, { clock });
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  const shown = api.put(pod);
  writer.observed(shown);
  // Its probes have said nothing yet.
  const status = computePodStatus({ ...input, pod: shown, previous: shown.status, probes: new Map(), nowMs: 99_000_000 });
  writer.publish(shown, status, { couldHaveRunningContainers: !isStopped });
  await clock.advance(0);
  stop.abort(new Error("the end"));
  await running;
  return api.requests.length > 0;
};

/** Replays what the runtime showed through the computation and the writer; returns each distinct status that the API shows. */
const replay = async (
  recording: Recording,
): Promise<{ readonly shown: readonly PodStatus[]; readonly noisy: readonly number[]; readonly requests: readonly string[] }> => {
  const clock = createFakeClock();
  const shown: PodStatus[] = [];
  const noisy: number[] = [];
  const api = createFakePodApi({ onChange: (_key, pod) => void (pod?.status !== undefined && shown.push(pod.status)) });
  const writer = createStatusWriter({ api }, { clock });
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  const [first, ...rest] = recording.statuses;
  const object = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, uid: "u", namespace: "rec" } });
  writer.observed(api.put(object({ ...recording.pod, ...(first === undefined ? {} : { status: first.status }) })));
  const key = `rec/${podRef(recording.pod).name}`;
  let previous: PodStatus | undefined;
  for (const [index, { status: recorded }] of rest.entries()) {
    const input = { ...toInput(recording, recorded, previous), ...overrideOf(recording, index + 1) };
    const current = api.get(key);
    const pod = object({ ...input.pod, ...(current?.status === undefined ? {} : { status: current.status }) });
    const { reason = "", message = "" } = recorded;
    const isRejected = recorded.conditions === undefined;
    previous = isRejected
      ? computeRejectedStatus(pod, { reason, message: message.replace("Pod was rejected: ", "") }, { previous, nowMs: 0 })
      : computePodStatus({ ...input, pod, previous });
    writer.publish(pod, previous, { couldHaveRunningContainers: !isFinal(recorded) });
    await clock.advance(0);
    const apiPod = object({ ...input.pod, status: api.get(key)?.status ?? {} });
    if (await writesAfterRestart(apiPod, { input, isStopped: isFinal(recorded) })) noisy.push(index + 1);
    if (isFinal(recorded)) writer.finished(pod);
    await clock.advance(0);
  }
  stop.abort(new Error("the end"));
  await running;
  return { shown, noisy, requests: api.requests };
};

describe("the statuses that the API shows, computed and written", () => {
  it.each(Object.keys(recordings).filter((name) => LEFT_OUT[name] === undefined))("are those of the recording %s", async (name) => {
    const recording = recordings[name];
    if (recording === undefined) throw new Error("no such recording");
    const { shown, noisy, requests } = await replay(recording);
    const wanted = recording.statuses.map(({ status }) => status);
    const isFromCgroup = wanted.some(isFromUnlimitedCgroup);
    expect(distinct(shown, isFromCgroup)).toEqual(distinct(wanted, isFromCgroup));
    const last = recording.statuses.at(-1);
    const isDeleted = last !== undefined && last.phase_of_test === "delete" && isFinal(last.status);
    expect(requests.at(-1)?.startsWith("delete ")).toBe(isDeleted);
    expect(requests.filter((request) => request.startsWith("get "))).toEqual([]);
    expect(noisy, "steps at which a kubelet that comes back would write").toEqual([]);
  });
});
