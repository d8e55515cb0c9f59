import { systemClock } from "@nk/stdx";
import type { Json, RecordedEvent, RecordedObject, Recording } from "@nk/tool-recordings";
import type { Cluster } from "./cluster.ts";
import { eventKey } from "./compare-events.ts";
import type { Logs } from "./compare-logs.ts";
import { describeStatus, distinct, withoutResources } from "./compare-statuses.ts";
import type { ShownStatus } from "./compare-statuses.ts";
import { compareDeep } from "./difference.ts";
import { normaliseJson } from "./normalise.ts";
import type { Normaliser } from "./normalise.ts";
import { normaliseCall, normaliseEvent, normaliseLogs, observationOfRecording } from "./observation.ts";
import type { Observation } from "./observation.ts";
import { createObject, deleteObject } from "./objects.ts";
import { pickPodCalls, subjectOf } from "./pod-calls.ts";
import type { PodCall } from "./pod-calls.ts";
import { isRepeating, listNodeVariables, traitsOf } from "./traits.ts";

/** The recordings' namespace. */
export const NAMESPACE = "rec";

/** Longer than any recording took; what has not come by then does not come. */
const RUN_TIMEOUT_MS = 60_000;
const GONE_TIMEOUT_MS = 60_000;
/** How long what was reached must stay, and how long calls and events may take to be seen. */
const SETTLE_MS = 300;
/** How long calls may follow after the pod is gone from the API. */
const AFTERMATH_MS = 3000;
const LOGS_TIMEOUT_MS = 3000;

interface EventLike {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly series?: { readonly count?: number };
  readonly involvedObject?: { readonly fieldPath?: string };
}

/** One scenario under way. */
interface Course {
  readonly name: string;
  readonly recording: Recording;
  readonly wanted: Observation;
  readonly cluster: Cluster;
  readonly podName: string;
  readonly namespace: string;
  readonly uid: string;
  readonly names: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

const normaliserOf = ({ name, cluster, uid, podName }: Course): Normaliser => {
  const addresses = new Set<string>();
  for (const { pod } of cluster.history.of(podName)) {
    const { podIP } = (pod["status"] ?? {}) as { readonly podIP?: string };
    if (podIP !== undefined) addresses.add(podIP);
  }
  const { words } = pickPodCalls(cluster.proxy.allCalls, uid);
  return {
    words: [
      ...words,
      [uid, "<uid>"],
      ...cluster.paths,
      ...[...addresses].toSorted((a, b) => b.length - a.length).map((address) => [address, "<podIP>"] as const),
      [cluster.kubelet.nodeAddress, "<nodeIP>"],
    ],
    rules: traitsOf(name).rules ?? [],
  };
};

const shownStatuses = (course: Course): readonly ShownStatus[] => {
  const normaliser = normaliserOf(course);
  const sightings = course.cluster.history.of(course.podName).filter(({ isGone }) => !isGone);
  const shown = sightings.map(({ pod }): ShownStatus => ({
    phase_of_test: pod.metadata?.["deletionTimestamp"] === undefined ? "run" : "delete",
    status: normaliseJson((pod["status"] ?? {}) as Json, normaliser),
  }));
  return distinct(shown);
};

const listEvents = async (course: Course): Promise<readonly RecordedEvent[]> => {
  const { cluster, uid, namespace, signal } = course;
  const normaliser = normaliserOf(course);
  const list = await cluster.controlPlane.api.json(`/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.uid%3D${uid}`, {
    signal,
  });
  return ((list.items ?? []) as unknown as readonly EventLike[]).map(({ type, reason, message, count, series, involvedObject }) =>
    normaliseEvent(
      {
        type,
        reason,
        message,
        ...(involvedObject?.fieldPath === undefined ? {} : { fieldPath: involvedObject.fieldPath }),
        count: Math.max(count ?? 0, series?.count ?? 0, 1),
      },
      normaliser,
    ),
  );
};

const calls = (course: Course): readonly PodCall[] => {
  const normaliser = normaliserOf(course);
  return pickPodCalls(course.cluster.proxy.allCalls, course.uid).calls.map((call) => normaliseCall(call, normaliser, course.names));
};

/** True when the pod is where the recorder left it: the last status before deletion, and the events as often as they were seen then. */
const hasRun = async (course: Course): Promise<boolean> => {
  const wanted = withoutResources(course.wanted.statuses.findLast(({ phase_of_test: phase }) => phase === "run")?.status);
  const isWanted = ({ status }: ShownStatus): boolean => compareDeep(wanted, withoutResources(status)).length === 0;
  const shown = shownStatuses(course);
  if (!(traitsOf(course.name).isMidway === true ? shown : shown.slice(-1)).some(isWanted)) return false;
  const events = await listEvents(course);
  // What is told when the pod is deleted comes later.
  return course.wanted.events
    .filter((event) => event.reason !== "Killing" && traitsOf(course.name).isChance?.(event) !== true)
    .every((wanted) =>
      events.some((event) => eventKey(event) === eventKey(wanted) && (isRepeating(wanted) || event.count >= wanted.count)),
    );
};

const readLogs = async (course: Course): Promise<Logs> => {
  const { cluster, podName, namespace, signal } = course;
  const texts = Object.keys(course.recording.logs).map(async (container) => {
    const path = `/api/v1/namespaces/${namespace}/pods/${podName}/log?container=${container}`;
    return [container, (await cluster.controlPlane.api.request(path, { signal })).text] as const;
  });
  const logs = Object.fromEntries(await Promise.all(texts));
  return normaliseLogs(logs, { normaliser: normaliserOf(course), name: course.name, names: course.names });
};

/** A container's first lines may still be on their way. */
const readSettledLogs = async (course: Course): Promise<Logs> => {
  let logs: Logs = {};
  await course.cluster.history.until(
    course.podName,
    async () => {
      logs = await readLogs(course);
      return compareDeep(course.wanted.logs, logs).length === 0;
    },
    { timeoutMs: LOGS_TIMEOUT_MS, signal: course.signal },
  );
  return logs;
};

const hasAllCalls = (course: Course): boolean => {
  const made = new Set(calls(course).map((call) => `${call.method} ${subjectOf(call)}`));
  return course.wanted.calls.every((call) => call.method.startsWith("Remove") || made.has(`${call.method} ${subjectOf(call)}`));
};

const runToEnd = async (course: Course, pod: RecordedObject): Promise<Observation> => {
  const { cluster, podName, signal } = course;
  const { history } = cluster;
  const overdue: string[] = [];
  if (!(await history.until(podName, () => hasRun(course), { timeoutMs: RUN_TIMEOUT_MS, signal })))
    overdue.push(
      `the recorded state was not reached in ${RUN_TIMEOUT_MS / 1000} s; it is ${describeStatus(shownStatuses(course).at(-1)?.status ?? {})}`,
    );
  await systemClock.sleep(traitsOf(course.name).settleMs ?? SETTLE_MS, { signal });
  const logs = await readSettledLogs(course);
  await deleteObject(cluster.controlPlane.api, pod, signal);
  const isGone = (): boolean => history.of(podName).at(-1)?.isGone === true;
  if (!(await history.until(podName, isGone, { timeoutMs: GONE_TIMEOUT_MS, signal })))
    overdue.push(`the pod was not gone ${GONE_TIMEOUT_MS / 1000} s after its deletion`);
  await history.until(podName, () => hasAllCalls(course), { timeoutMs: AFTERMATH_MS, signal });
  await systemClock.sleep(SETTLE_MS, { signal });
  return { calls: calls(course), statuses: shownStatuses(course), events: await listEvents(course), logs, overdue };
};

/** Runs a scenario as it was recorded: create, wait until it is as it was then, read logs, delete, wait until nothing is left. */
export const runScenario = async (
  name: string,
  recording: Recording,
  options: { readonly cluster: Cluster; readonly signal: AbortSignal },
): Promise<Observation> => {
  const { cluster, signal } = options;
  const { api } = cluster.controlPlane;
  const { adapt = (object: RecordedObject) => object } = traitsOf(name);
  const objects = recording.objects.map(adapt);
  const pod = objects.findLast(({ kind }) => kind === "Pod");
  if (pod === undefined) throw new Error(`recording ${name} has no pod`);
  const others = objects.filter((object) => object !== pod);
  try {
    for (const object of others) await createObject(api, object, signal);
    const uid = await createObject(api, pod, signal);
    const { name: podName, namespace = NAMESPACE } = pod.metadata;
    const wanted = observationOfRecording(name, recording);
    return await runToEnd({ name, recording, wanted, cluster, podName, namespace, uid, names: listNodeVariables(recording), signal }, pod);
  } finally {
    for (const object of others) await deleteObject(api, object, signal);
  }
};
