import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { podRef } from "@nk/pod-model";
import type { Pod, PodSpec } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

/**
 * Transcripts: commands after `>`, each followed by what it made happen. The first lines, up to an empty one, are the pod's spec as JSON.
 * Commands: `sync`, `terminate [graceSeconds]`, `cleanup`, `restart` (of the kubelet), `exit NAME CODE`, `probe NAME KIND RESULT`,
 * `advance MS`, `break-sandbox`, `image NAME` (from now on the pod names that image for its first container).
 */
const directory = new URL("transcripts/", import.meta.url);
const names = readdirSync(directory).filter((name) => name.endsWith(".txt") && !name.startsWith("recorded-"));

const play = async (spec: Partial<PodSpec>, commands: readonly string[]): Promise<readonly string[]> => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const make = () => createPodSync(fake.ports, { clock, random: () => 0 });
  const { signal } = new AbortController();
  let podSync = make();
  let pod: Pod = samplePod(spec);
  const { uid } = podRef(pod);
  const sync = async (): Promise<readonly string[]> => {
    const { containerReasons, retryAtMs, error } = await podSync.sync(pod, { signal });
    return [
      ...[...containerReasons].map(([name, { reason, message }]) => `${name} waits: ${reason}: ${message}`),
      ...(retryAtMs === undefined ? [] : [`again in ${retryAtMs - clock.nowMs()} ms`]),
      ...(error === undefined ? [] : [`error: ${error.message}`]),
    ];
  };
  const run = async ([command, first = "", second = "", third = ""]: readonly string[]): Promise<readonly string[]> => {
    switch (command) {
      case "sync":
        return sync();
      case "terminate":
        await podSync.terminate(pod, { signal, ...(first !== "" && { gracePeriodSeconds: Number(first) }) });
        return [];
      case "cleanup":
        await podSync.cleanUp(pod, { signal, isRemoved: true });
        return [];
      case "restart":
        podSync = make();
        return [];
      case "exit":
        fake.runtime.exit(first, Number(second));
        return [];
      case "probe":
        fake.probes.set(fake.runtime.find(first).id, { [second]: third });
        return [];
      case "advance":
        await clock.advance(Number(first));
        return [];
      case "break-sandbox":
        fake.runtime.breakSandbox(uid);
        return [];
      case "image":
        pod = {
          ...pod,
          spec: {
            ...pod.spec,
            containers: (pod.spec?.containers ?? []).map((one, index) => (index === 0 ? { ...one, image: first } : one)),
          },
        };
        return [];
      default:
        throw new Error(`unknown command ${command}`);
    }
  };

  const lines: string[] = [];
  for (const command of commands) {
    const seen = fake.log.length;
    const result = await run(command.split(" "));
    lines.push(`> ${command}`, ...fake.log.slice(seen).map((line) => `  ${line}`), ...result.map((line) => `  = ${line}`));
  }
  return lines;
};

test.each(names)("plays %s", async (name) => {
  const path = new URL(name, directory);
  const text = readFileSync(path, "utf8");
  const [head = "", ...rest] = text.split("\n\n");
  const commands = rest
    .join("\n\n")
    .split("\n")
    .filter((line) => line.startsWith("> "))
    .map((line) => line.slice(2));
  const played = `${head}\n\n${(await play(JSON.parse(head) as Partial<PodSpec>, commands)).join("\n")}\n`;
  // oxlint-disable-next-line node/no-process-env -- the switch that rewrites transcripts, read by the test alone
  if (process.env["UPDATE"] === "1") writeFileSync(path, played);
  else expect(played).toBe(text);
});
