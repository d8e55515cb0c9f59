import { readdirSync } from "node:fs";
import { join } from "node:path";
import { podRef } from "@nk/pod-model";
import type { Pod, PodStatus } from "@nk/pod-model";
import { createFakeClock, playTranscript } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFakePodApi, sketchApiPod, sketchStatus } from "../testing/index.ts";
import type { ApiMood } from "../testing/index.ts";
import { createStatusWriter } from "./status-writer.ts";
import type { StatusWriter } from "./status-writer.ts";

/**
 * Transcripts: a line that starts with `$ ` is a command, the lines below it are the requests it led to, and answers. `UPDATE=1` rewrites
 * them. What the API shows reaches the writer only with the command `watch`, as slow as the test wants it.
 */
const directory = join(import.meta.dirname, "../../test/transcripts");

/** `web`, `web:uid=w2,hash=h,mirror,deleting,never,finalizer` */
const parsePod = (text: string): Pod => {
  const [name = "", rest = ""] = text.split(":");
  const fields = new Map(rest.split(",").map((field): [string, string] => [field.split("=")[0] ?? "", field.split("=")[1] ?? ""]));
  const text_ = (key: string) => (fields.has(key) ? { [key]: fields.get(key) ?? "" } : {});
  return sketchApiPod({
    name,
    ...text_("uid"),
    ...text_("hash"),
    isMirror: fields.has("mirror"),
    isDeleting: fields.has("deleting"),
    restartPolicy: fields.has("never") ? "Never" : "Always",
    ...(fields.has("finalizer") ? { finalizers: ["example.com/wait"] } : {}),
  });
};

/** `Running`, `Running,ready`, `Failed,exit=1,reason=Evicted` */
const parseStatus = (text: string): PodStatus => {
  const [phase = "", ...fields] = text.split(",");
  const value = (key: string) => fields.find((field) => field.startsWith(`${key}=`))?.slice(key.length + 1);
  const exit = value("exit");
  const reason = value("reason");
  const restarts = value("restarts");
  return sketchStatus({
    phase,
    isReady: fields.includes("ready"),
    hasReadyCondition: !fields.includes("bare"),
    ...(exit === undefined ? {} : { exitCode: Number(exit) }),
    ...(reason === undefined ? {} : { reason }),
    ...(restarts === undefined ? {} : { restarts: Number(restarts) }),
  });
};

const describeStatus = ({ phase, reason, conditions = [], containerStatuses = [] }: PodStatus = {}): string =>
  [
    phase ?? "no phase",
    ...(reason === undefined ? [] : [reason]),
    ...conditions.map(({ type, status }) => `${type}=${status}`),
    ...containerStatuses.map(({ name, state = {} }) => `${name}:${Object.keys(state).join()}`),
  ].join(" ");

const createSession = () => {
  const clock = createFakeClock();
  let mood: ApiMood = "works";
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const echoes: (() => void)[] = [];
  const known = new Map<string, Pod>();
  const api = createFakePodApi({
    mood: () => mood,
    onChange: (key, pod) => {
      const before = known.get(key);
      if (pod === undefined) known.delete(key);
      else known.set(key, pod);
      echoes.push(() => (pod === undefined ? before !== undefined && writer.gone(podRef(before)) : writer.observed(pod)));
    },
  });
  const create = (): StatusWriter =>
    createStatusWriter(
      { api },
      { clock, random: () => 0, maxConcurrent: 2, onDeleted: ({ name }) => note(`= ${name} is deleted from the API`) },
    );
  let writer = create();
  let stop = new AbortController();
  let stopped: Promise<void> = writer.run(stop.signal);
  /** The pods as the workers have them: what was published last, else the object of the API. */
  const podOf = (text: string): Pod => {
    const parsed = parsePod(text);
    const { uid } = podRef(parsed);
    return [...known.values()].find((pod) => pod.metadata?.uid === uid && !text.includes("hash")) ?? parsed;
  };

  const commands: Record<string, (...words: string[]) => void | Promise<void>> = {
    create: (...pods) => void pods.map((pod) => api.put(parsePod(pod))),
    remove: (name) => api.remove(`default/${name}`),
    watch: () => void echoes.splice(0).map((tell) => tell()),
    "ask-deletion": (name) => {
      const pod = api.get(`default/${name}`);
      api.put({ ...pod, metadata: { ...pod?.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    },
    overwrite: (name, status) => api.setStatus(`default/${name}`, parseStatus(status ?? "")),
    "add-condition": (name, type) => {
      const status = api.get(`default/${name}`)?.status ?? {};
      api.setStatus(`default/${name}`, { ...status, conditions: [{ type: type ?? "", status: "True" }, ...(status.conditions ?? [])] });
    },
    publish: (pod, status, standing) =>
      writer.publish(podOf(pod ?? ""), parseStatus(status ?? ""), { couldHaveRunningContainers: standing !== "stopped" }),
    finished: (pod) => writer.finished(podOf(pod ?? "")),
    forget: (uid) => writer.forget(uid ?? ""),
    "api-error": () => void (mood = "fails"),
    "api-error-after": () => void (mood = "fails-after"),
    "api-hangs": () => void (mood = "hangs"),
    "api-ok": () => void (mood = "works"),
    reachable: () => writer.apiReachable(),
    advance: (durationMs) => clock.advance(Number(durationMs)),
    restart: async () => {
      stop.abort(new Error("restart"));
      await stopped;
      echoes.splice(0);
      writer = create();
      stop = new AbortController();
      stopped = writer.run(stop.signal);
      for (const pod of known.values()) writer.observed(pod);
    },
    shown: (name) => note(`= ${describeStatus(api.get(`default/${name}`)?.status)}`),
    state: (uid) => {
      const state = writer.writeState(uid ?? "");
      if (state === undefined) return note("= unknown");
      const { hasTarget, isShown, failures } = state;
      note(`= ${state.state}${hasTarget ? "" : ", no target"}${isShown ? ", shown" : ""}${failures === 0 ? "" : `, ${failures} failures`}`);
    },
  };
  const execute = async (line: string): Promise<readonly string[]> => {
    const [verb = "", ...words] = line.split(" ").filter((word) => word !== "");
    const command = commands[verb];
    if (command === undefined) throw new Error(`the transcript has an unknown command: ${line}`);
    await command(...words);
    await clock.advance(0);
    return [...api.requests.splice(0), ...lines.splice(0)];
  };
  return { execute, end: () => stop.abort(new Error("the transcript is over")) };
};

for (const file of readdirSync(directory).toSorted()) {
  test(`the transcript ${file} shows what the writer asks of the API`, async () => {
    const path = join(directory, file);
    const { expected, played } = await playTranscript(path, { createSession, update: process.env["UPDATE"] !== undefined });
    expect(played).toBe(expected);
  });
}
