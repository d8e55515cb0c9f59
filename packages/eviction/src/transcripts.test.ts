import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatQuantity, parseQuantity, quantityValue } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { parseGoDuration } from "@nk/stdx";
import { expect, test } from "vitest";
import { computePressureAdmission } from "./admission.ts";
import { computeEviction } from "./compute-eviction.ts";
import type { EvictionAction, EvictionOptions, Starvation } from "./compute-eviction.ts";
import { computeThresholds } from "./filesystem-layout.ts";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { computeObservations } from "./observations.ts";
import { EMPTY_STATE, isReclaimed } from "./shortage.ts";
import type { PressureCondition } from "./signals.ts";
import { parseStatements } from "./statements.ts";
import { createFakeNode, sketchPod } from "./testing/index.ts";
import type { FakeNode, FakeUsage } from "./testing/index.ts";
import { parseThresholds } from "./thresholds.ts";
import { indexStats } from "./usage.ts";
import { nameOf } from "./victim.ts";

/**
 * Transcripts: a line that starts with `$ ` is a command, the lines below it are what the node says and what would be done. Evicted pods
 * leave the node at once. `UPDATE=1` rewrites them.
 */
const directory = join(import.meta.dirname, "../test/transcripts");

const bytes = (text: string | undefined): number => Number(quantityValue(parseQuantity(text ?? "0")));

/** `priority=5 memory=1Gi request.memory=64Mi` */
const readFields = (words: readonly string[]): ReadonlyMap<string, string> =>
  new Map(words.map((word): [string, string] => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));

const withPrefix = (fields: ReadonlyMap<string, string>, prefix: string): { readonly [name: string]: string } =>
  Object.fromEntries([...fields].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]));

const optional = <T>(key: string, value: T | undefined): { readonly [key: string]: T } => (value === undefined ? {} : { [key]: value });

const readPod = (name: string, words: readonly string[]): Pod => {
  const fields = readFields(words.filter((word) => word.includes("=")));
  return sketchPod({
    name,
    requests: withPrefix(fields, "request."),
    limits: withPrefix(fields, "limit."),
    emptyDirs: withPrefix(fields, "dir."),
    ...(words.includes("static") ? { annotations: { "kubernetes.io/config.source": "file" } } : {}),
    ...(fields.has("priority") ? { priority: Number(fields.get("priority")) } : {}),
    ...(fields.has("grace") ? { gracePeriodSeconds: Number(fields.get("grace")) } : {}),
  });
};

const readUsage = (words: readonly string[]): FakeUsage => {
  const fields = readFields(words);
  const volumes = Object.entries(withPrefix(fields, "volume."));
  return {
    memoryBytes: bytes(fields.get("memory")),
    rootfsBytes: bytes(fields.get("rootfs")),
    logsBytes: bytes(fields.get("logs")),
    pids: Number(fields.get("pids") ?? 1),
    inodes: bytes(fields.get("inodes")),
    volumeBytes: Object.fromEntries(volumes.map(([volume, used]) => [volume, bytes(used)])),
  };
};

const createSession = () => {
  let node: FakeNode = createFakeNode();
  let options: EvictionOptions = { thresholds: [], layout: "shared" };
  let state = EMPTY_STATE;
  let nowMs = 0;
  let conditions: readonly PressureCondition[] = [];
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);

  const observe = () => computeObservations(node.summary(nowMs));
  const evictFirst = ({ victims, spared, resource }: Starvation): void => {
    for (const { pod } of spared) note(`stays ${nameOf(pod)}: critical`);
    const [victim] = victims;
    if (victim === undefined) return note(`! nobody to evict for ${resource}`);
    note(`evict ${nameOf(victim.pod)} in ${victim.gracePeriodSeconds}s: ${victim.message.trim()}`);
    if (victims.length > 1)
      note(
        `  then ${victims
          .slice(1)
          .map(({ pod }) => nameOf(pod))
          .join(", ")}`,
      );
    node.remove(victim.pod.metadata?.uid ?? "");
  };
  const act = (action: EvictionAction): void => {
    switch (action.kind) {
      case "none":
        return;
      case "evict-all":
        for (const { pod, message, signal } of action.victims) {
          note(`evict ${nameOf(pod)} (${signal}): ${message.trim()}`);
          node.remove(pod.metadata?.uid ?? "");
        }
        return;
      case "reclaim":
        note(`event ${action.event.reason}: ${action.event.message}`);
        for (const step of action.steps) {
          note(step);
          node.reclaim(step);
        }
        if (isReclaimed(options.thresholds, observe())) return note("that was enough");
        return evictFirst(action);
      case "evict":
        note(`event ${action.event.reason}: ${action.event.message}`);
        return evictFirst(action);
    }
  };

  const commands: { readonly [verb: string]: (words: readonly string[]) => void } = {
    // node layout=shared memory=1Gi disk=10Gi image-disk=20Gi inodes=1000 pids=100
    node: (words) => {
      const fields = readFields(words);
      const size = (key: string) => (fields.has(key) ? bytes(fields.get(key)) : undefined);
      const layout = (fields.get("layout") ?? "shared") as FilesystemLayout;
      node = createFakeNode({
        layout,
        ...optional("memoryBytes", size("memory")),
        ...optional("diskBytes", size("disk")),
        ...optional("imageDiskBytes", size("image-disk")),
        ...optional("diskInodes", size("inodes")),
        ...optional("maxPids", size("pids")),
      });
      options = { ...options, layout };
    },
    // thresholds hard=a<1,b<2 soft=a<3 grace=a=1m reclaim=a=1 transition=5m max-grace=30 enforce-pods=yes
    thresholds: (words) => {
      const fields = readFields(words);
      const read = (key: string, separator: "<" | "=") => parseStatements(fields.get(key) ?? "", { where: key, separator });
      const thresholds = parseThresholds({
        evictionHard: read("hard", "<"),
        evictionSoft: read("soft", "<"),
        evictionSoftGracePeriod: read("grace", "="),
        evictionMinimumReclaim: read("reclaim", "="),
        enforceNodeAllocatable: fields.has("enforce-pods") ? ["pods"] : [],
      });
      options = {
        thresholds: computeThresholds(thresholds, options.layout),
        layout: options.layout,
        ...optional("transitionPeriodMs", fields.has("transition") ? parseGoDuration(fields.get("transition") ?? "") : undefined),
        ...optional("maxPodGracePeriodSeconds", fields.has("max-grace") ? Number(fields.get("max-grace")) : undefined),
      };
    },
    // run web priority=5 memory=1Gi rootfs=1Gi logs=1Mi volume.data=1Gi pids=3 inodes=4 request.memory=64Mi limit.x=1 dir.data=1Gi grace=30 static
    run: ([name = "", ...words]) => {
      const pod = readPod(name, words);
      const admitted = computePressureAdmission(pod, conditions);
      if (!admitted.admit) return note(`refused: ${admitted.reason}: ${admitted.message.trim()}`);
      node.run(pod, readUsage(words));
    },
    // use web memory=2Gi: what a running pod uses from now on
    use: ([name = "", ...words]) => {
      const pod = node.pods().find((one) => one.metadata?.name === name);
      if (pod === undefined) throw new Error(`${name} does not run`);
      node.run(pod, readUsage(words));
    },
    // fill memory=1Gi disk=1Gi pids=9 dead=1Gi images=1Gi
    fill: (words) => {
      const names = new Map([
        ["memory", "memoryBytes"],
        ["disk", "diskBytes"],
        ["pids", "pids"],
        ["dead", "deadContainerBytes"],
        ["images", "unusedImageBytes"],
      ]);
      node.fill(Object.fromEntries([...readFields(words)].map(([key, value]) => [names.get(key) ?? key, bytes(value)])));
    },
    // look 10s: time passes, and the node is looked at; `look 0s` sees the same figures again
    look: ([duration = "0s"]) => {
      nowMs += parseGoDuration(duration);
      const summary = node.summary(nowMs);
      const decision = computeEviction(
        { state, observations: computeObservations(summary), pods: node.pods(), stats: indexStats(summary.pods), nowMs },
        options,
      );
      ({ state, conditions } = decision);
      const shortages = decision.shortages.map(
        ({ threshold, available, quantity, graceLeftMs, isOnlyMinReclaim }) =>
          `${threshold.signal} ${formatQuantity(available)} of ${formatQuantity(quantity)}${graceLeftMs > 0 ? ` (${graceLeftMs / 1000}s left)` : ""}${isOnlyMinReclaim ? " (minimum reclaim)" : ""}`,
      );
      note(`= [${conditions.join(" ")}]${shortages.length === 0 ? "" : ` ${shortages.join("; ")}`}`);
      act(decision.action);
    },
    // The state goes through JSON, as it would through a file.
    restart: () => {
      state = JSON.parse(JSON.stringify(state)) as typeof state;
    },
    "set-clock-back": ([duration = "0s"]) => {
      nowMs -= parseGoDuration(duration);
    },
  };
  return (line: string): readonly string[] => {
    const [verb = "", ...words] = line.split(" ").filter((word) => word !== "");
    const command = commands[verb];
    if (command === undefined) throw new Error(`the transcript has an unknown command: ${line}`);
    command(words);
    return lines.splice(0);
  };
};

for (const file of readdirSync(directory).toSorted()) {
  test(`the transcript ${file} shows what is done over time`, () => {
    const path = join(directory, file);
    const text = readFileSync(path, "utf8");
    const execute = createSession();
    const lines: string[] = [];
    for (const line of text.split("\n")) {
      if (line.startsWith("$ ")) lines.push(line, ...execute(line.slice(2)));
      else if (line === "" || line.startsWith("#")) lines.push(line);
    }
    if (process.env["UPDATE"] !== undefined) {
      writeFileSync(path, lines.join("\n"));
      return;
    }
    expect(lines.join("\n")).toBe(text);
  });
}
