import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PodSource, PodUid } from "@nk/pod-model";
import { createFakeClock, playTranscript } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import type { Allocation } from "./allocation/checkpoint.ts";
import { createPodWorkers } from "./pod-workers.ts";
import { createFakePorts, sketchPod, sketchRuntimePod } from "./testing/index.ts";
import type { FakeOperation } from "./testing/index.ts";

/**
 * Transcripts: a line that starts with `$ ` is a command, the lines below it are what it made the workers ask of their ports.
 * `UPDATE=1` rewrites them. A comment `# sources: file api` names the configured sources.
 */
const directory = join(import.meta.dirname, "../test/transcripts");

/** `web`, `web:uid=w2,version=2,grace=5,deleting,dgrace=1,phase=Failed,mirror,hostport,cpu=500m,given=250m` */
const parsePod = (text: string) => {
  const [name = "", rest = ""] = text.split(":");
  const fields = new Map(rest.split(",").map((field): [string, string] => [field.split("=")[0] ?? "", field.split("=")[1] ?? ""]));
  const numberOf = (key: string, as: string) => (fields.has(key) ? { [as]: Number(fields.get(key)) } : {});
  const textOf = (key: string, as: string) => (fields.has(key) ? { [as]: fields.get(key) } : {});
  return sketchPod({
    uid: fields.get("uid") ?? name,
    name,
    version: fields.get("version") ?? "1",
    isDeleting: fields.has("deleting"),
    isMirror: fields.has("mirror"),
    ...(fields.has("hostport") ? { hostPort: 8080 } : {}),
    ...(fields.has("phase") ? { phase: fields.get("phase") ?? "" } : {}),
    ...textOf("cpu", "cpu"),
    ...textOf("given", "givenCpu"),
    ...numberOf("grace", "graceSeconds"),
    ...numberOf("dgrace", "deletionGraceSeconds"),
  });
};

/** `# kept: a=500m`: what an earlier kubelet gave the pods. */
const parseKept = (text: string): ReadonlyMap<PodUid, Allocation> => {
  const words = /^# kept: (.+)$/m.exec(text)?.[1]?.split(" ") ?? [];
  return new Map(
    words.map((word): [PodUid, Allocation] => {
      const [uid = "", cpu = ""] = word.split("=");
      return [uid, { resources: { containers: { main: { requests: { cpu } } } } }];
    }),
  );
};

const createSession = (text: string) => {
  const sources = (/^# sources: (.+)$/m.exec(text)?.[1]?.split(" ") ?? ["file"]) as PodSource[];
  const clock = createFakeClock();
  const ports = createFakePorts({ holdsCalls: true, ...(/^# kept:/m.test(text) ? { allocations: parseKept(text) } : {}) });
  const note = (line: string): void => void ports.calls.push(line);
  const workers = createPodWorkers(ports, { sources, clock, random: () => 0, onSourcesReady: () => note("sources ready") });
  const stop = new AbortController();

  const commands: Record<string, (...words: string[]) => void | Promise<void>> = {
    run: () => void workers.run(stop.signal).then(() => note("run has ended")),
    stop: () => stop.abort(new Error("shutdown")),
    snapshot: (source, ...pods) => workers.applySnapshot({ source: source as PodSource, pods: pods.map(parsePod), problems: [] }),
    update: (source, type, pod) => workers.applyUpdate({ type: type as "add", pod: parsePod(pod ?? "") }, source as PodSource),
    advance: (durationMs) => clock.advance(Number(durationMs)),
    wake: (uid, cause) => workers.wake(uid ?? "", cause ?? "test"),
    kill: (uid, reason, graceSeconds) => {
      const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: Number(graceSeconds) };
      void workers.kill(uid ?? "", { reason: reason ?? "Evicted", message: "", ...grace }).then(
        (outcome) => note(`kill ${uid}: ${outcome}`),
        (error: Error) => note(`kill ${uid} rejects: ${error.message}`),
      );
    },
    finish: (operation, uid, outcome = "ok", retry = "") => {
      const [kind, value] = outcome.split("=");
      const retryMs = kind === "retry" ? value : retry.split("=")[1];
      ports.finish(operation as FakeOperation, uid ?? "", {
        ...(retryMs === undefined ? {} : { retryAtMs: clock.nowMs() + Number(retryMs) }),
        ...(kind === "answer-error" ? { answerError: new Error(value) } : {}),
        ...(kind === "error" ? { error: new Error(value) } : {}),
        ...(kind === "resized" ? { resized: value ?? true } : {}),
      });
    },
    stopped: (uid) => ports.containersStopped(uid ?? ""),
    orphans: (...names) =>
      workers.reconcileRuntime(names.map((text) => sketchRuntimePod(parsePod(text).metadata?.uid ?? "", parsePod(text).metadata?.name))),
    running: (uid) => void ports.running.add(uid ?? ""),
    terminal: (uid) => void ports.terminal.add(uid ?? ""),
    reject: (uid, reason) => void ports.rejections.set(uid ?? "", reason ?? ""),
    allow: (uid) => void ports.rejections.delete(uid ?? ""),
    room: (cause) => workers.roomFreed(cause ?? "test"),
    list: () => {
      for (const work of workers.list()) {
        const waits = work.state === "syncing" && work.waitingFor !== undefined ? ` waits for ${work.waitingFor}` : "";
        const next = work.nextPassAtMs === undefined ? "" : ` next in ${Math.round(work.nextPassAtMs - clock.nowMs())} ms`;
        note(`= ${work.ref.uid} ${work.state}${waits}${work.isDesired ? "" : " not desired"}${next}`);
      }
    },
    decisions: (uid) => {
      for (const decision of workers.decisions(uid ?? "")) note(`= ${decision.text}`);
    },
  };
  const execute = async (line: string): Promise<readonly string[]> => {
    const [verb = "", ...words] = line.split(" ").filter((word) => word !== "");
    const command = commands[verb];
    if (command === undefined) throw new Error(`the transcript has an unknown command: ${line}`);
    await command(...words);
    await clock.advance(0);
    return ports.calls.splice(0);
  };
  return { execute, end: () => stop.abort(new Error("the transcript is over")) };
};

for (const file of readdirSync(directory).toSorted()) {
  test(`the transcript ${file} shows what the workers do`, async () => {
    const path = join(directory, file);
    const { expected, played } = await playTranscript(path, { createSession, update: process.env["UPDATE"] !== undefined });
    expect(played).toBe(expected);
  });
}
