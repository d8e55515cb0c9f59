import { podRef } from "@nk/pod-model";
import type { Pod, PodStatus } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { PodStatusApiPort } from "../ports.ts";
import { applyStatusPatch } from "./apply-status-patch.ts";

/** What the fake API does with the next requests: answers, fails before it has done anything, or after it has. */
export type ApiMood = "works" | "fails" | "fails-after" | "hangs";

/** How a fake API is made. */
export interface FakePodApiOptions {
  /** Called after each change of an object, as a watch would tell; with undefined when it was deleted. */
  readonly onChange?: (key: string, pod: Pod | undefined) => void;
  /** Asked for each request. Default: works. */
  readonly mood?: () => ApiMood;
}

/** Pods of an API server in memory, with versions, UIDs as preconditions, finalizers and strategic merge patches. */
export interface FakePodApi extends PodStatusApiPort {
  /** One line per request, e.g. `patch web urgent {"phase":"Running"}`. */
  readonly requests: string[];
  /** The object of that name; undefined when there is none. */
  get(key: string): Pod | undefined;
  /** Creates or replaces an object; its version becomes the next one. Returns it. */
  put(pod: Pod): Pod;
  /** Overwrites the status, as another client would. */
  setStatus(key: string, status: PodStatus): void;
  /** Removes an object at once, as a deletion with force would. */
  remove(key: string): void;
}

const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string => `${namespace}/${name}`;

/** Creates it without pods. Objects are named by `namespace/name`. */
export const createFakePodApi = ({ onChange, mood = () => "works" }: FakePodApiOptions = {}): FakePodApi => {
  const pods = new Map<string, Pod>();
  const requests: string[] = [];
  let version = 100;

  const put = (pod: Pod): Pod => {
    version += 1;
    const stored = { ...pod, metadata: { ...pod.metadata, resourceVersion: `${version}` } };
    pods.set(keyOf(podRef(pod)), stored);
    onChange?.(keyOf(podRef(pod)), stored);
    return stored;
  };
  const remove = (key: string): void => {
    if (pods.delete(key)) onChange?.(key, undefined);
  };
  const answer = async <T>(signal: AbortSignal, act: () => T): Promise<T> => {
    const current = mood();
    signal.throwIfAborted();
    await Promise.resolve();
    if (current === "hangs") return raceSignal(new Promise<never>(() => undefined), signal);
    if (current === "fails") throw new Error("the API server does not answer");
    const result = act();
    if (current === "fails-after") throw new Error("the connection broke before the answer");
    return result;
  };

  return {
    requests,
    get: (key) => pods.get(key),
    put,
    remove,
    setStatus(key, status) {
      const pod = pods.get(key);
      if (pod !== undefined) put({ ...pod, status });
    },
    patchStatus(target, patch, { signal, priority }) {
      requests.push(`patch ${target.name} ${priority} ${JSON.stringify(patch.status)}`);
      return answer(signal, () => {
        const pod = pods.get(keyOf(target));
        if (pod === undefined) return { type: "not-found" };
        if (pod.metadata?.uid !== patch.metadata.uid) return { type: "refused", message: "metadata.uid: field is immutable" };
        const status = applyStatusPatch(pod.status ?? {}, patch);
        return { type: "written", pod: JSON.stringify(status) === JSON.stringify(pod.status) ? pod : put({ ...pod, status }) };
      });
    },
    deletePod(target, { signal }) {
      requests.push(`delete ${target.name}`);
      return answer(signal, () => {
        const pod = pods.get(keyOf(target));
        if (pod === undefined) return "not-found";
        if (pod.metadata?.uid !== target.uid) return "conflict";
        if ((pod.metadata.finalizers ?? []).length > 0) put({ ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } });
        else remove(keyOf(target));
        return "deleted";
      });
    },
    getPod(target, { signal }) {
      requests.push(`get ${target.name}`);
      return answer(signal, () => pods.get(keyOf(target)));
    },
  };
};
