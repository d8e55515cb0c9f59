import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_ANNOTATIONS, podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import { createFakeClock, playTranscript } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import type { MirrorApiPort } from "../ports.ts";
import { createMirrorPods } from "./mirror-pods.ts";

/**
 * Transcripts: a line that starts with `$ ` is a command, the lines below it are the requests it led to. `UPDATE=1` rewrites them. What the
 * API shows is told only by the command `watch`, as slow as the test wants it.
 */
const directory = join(import.meta.dirname, "../../test/transcripts");

/** `web=h1`: a static pod of the version h1. */
const staticPod = (text: string): Pod => {
  const [name = "", hash = ""] = text.split("=");
  return {
    metadata: {
      name,
      namespace: "default",
      uid: hash,
      annotations: { [CONFIG_ANNOTATIONS.hash]: hash, [CONFIG_ANNOTATIONS.source]: "file" },
    },
    spec: { containers: [{ name: "main", image: "busybox" }] },
  };
};

const mirrorOf = (text: string, uid: string): Pod => {
  const pod = staticPod(text);
  const annotations = { ...pod.metadata?.annotations, [CONFIG_ANNOTATIONS.mirror]: pod.metadata?.uid ?? "" };
  return { ...pod, metadata: { ...pod.metadata, uid, annotations } };
};

const createSession = () => {
  const clock = createFakeClock();
  const lines: string[] = [];
  const pods = new Map<PodFullName, Pod>();
  const echoes: (() => void)[] = [];
  const terminating = new Set<PodFullName>();
  /** An unchanged pod of a source is the same object as before. */
  const statics = new Map<string, Pod>();
  let mood: "works" | "fails" | "hangs" = "works";
  let created = 0;

  const put = (pod: Pod): Pod => {
    pods.set(podFullName(podRef(pod)), pod);
    echoes.push(() => mirrors.observed(pod));
    return pod;
  };
  const remove = (name: PodFullName): void => {
    const pod = pods.get(name);
    pods.delete(name);
    if (pod !== undefined) echoes.push(() => mirrors.gone(podRef(pod)));
  };
  const answer = async <T>(signal: AbortSignal, act: () => T): Promise<T> => {
    if (mood === "hangs") return raceSignal(new Promise<never>(() => undefined), signal);
    if (mood === "fails") throw new Error("the API server does not answer");
    return act();
  };
  const api: MirrorApiPort = {
    create(pod, { signal }) {
      const hash = pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror];
      lines.push(`create ${pod.metadata?.name} of ${hash} for node ${pod.metadata?.ownerReferences?.[0]?.uid}`);
      return answer(signal, () => {
        if (pods.has(podFullName(podRef(pod)))) return { type: "exists" };
        created += 1;
        return { type: "created", pod: put({ ...pod, metadata: { ...pod.metadata, uid: `m${created}` } }) };
      });
    },
    delete(ref, { signal }) {
      lines.push(`delete ${ref.name} ${ref.uid}`);
      return answer(signal, () => {
        const known = pods.get(podFullName(ref));
        if (known === undefined) return "not-found";
        if (podRef(known).uid !== ref.uid) return "conflict";
        remove(podFullName(ref));
        return "deleted";
      });
    },
  };
  const mirrors = createMirrorPods({ api, work: { isTerminating: (name) => terminating.has(name) } }, { clock, random: () => 0 });
  const stop = new AbortController();
  void mirrors.run(stop.signal);

  const commands: Record<string, (...words: string[]) => void | Promise<void>> = {
    static: (...texts) => {
      for (const text of texts) if (!statics.has(text)) statics.set(text, staticPod(text));
      mirrors.setStaticPods(texts.flatMap((text) => statics.get(text) ?? []));
    },
    node: (uid, state) => mirrors.setNode(uid === undefined ? undefined : { name: "node-1", uid, isDeleting: state === "deleting" }),
    "sources-ready": () => mirrors.sourcesReady(),
    "has-mirror": (text, uid) => void put(mirrorOf(text ?? "", uid ?? "")),
    "has-pod": (name, uid) => void put({ metadata: { name: name ?? "", namespace: "default", uid: uid ?? "" } }),
    "ask-deletion": (name) => {
      const pod = pods.get(`${name}_default`);
      put({ ...pod, metadata: { ...pod?.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    },
    remove: (name) => remove(`${name}_default`),
    watch: () => void echoes.splice(0).map((tell) => tell()),
    terminating: (name) => void terminating.add(`${name}_default`),
    stopped: (name) => {
      terminating.delete(`${name}_default`);
      mirrors.stopped(`${name}_default`);
    },
    "api-error": () => void (mood = "fails"),
    "api-hangs": () => void (mood = "hangs"),
    "api-ok": () => void (mood = "works"),
    reachable: () => mirrors.apiReachable(),
    advance: (durationMs) => clock.advance(Number(durationMs)),
  };
  const execute = async (line: string): Promise<readonly string[]> => {
    const [verb = "", ...words] = line.split(" ").filter((word) => word !== "");
    const command = commands[verb];
    if (command === undefined) throw new Error(`the transcript has an unknown command: ${line}`);
    await command(...words);
    await clock.advance(0);
    return lines.splice(0);
  };
  return { execute, end: () => stop.abort(new Error("the transcript is over")) };
};

for (const file of readdirSync(directory).toSorted()) {
  test(`the transcript ${file} shows what mirror pods ask of the API`, async () => {
    const path = join(directory, file);
    const { expected, played } = await playTranscript(path, { createSession, update: process.env["UPDATE"] !== undefined });
    expect(played).toBe(expected);
  });
}
