import { readFileSync } from "node:fs";
import { readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { makeDirectory, runFileSource } from "../test/running-source.ts";

interface Step {
  readonly step: string;
  readonly file: string;
  readonly manifest: unknown;
  /** What `/pods` of the reference showed; of spec some fields only. */
  readonly pods: readonly Pod[] | null;
}

const steps = JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures/standalone-steps.json"), "utf8")) as readonly Step[];

/** What is to be the same here as there. UIDs hash a dump of Go structures there. */
const comparable = (pod: Pod): unknown => {
  const { enableServiceLinks, dnsPolicy, restartPolicy, securityContext, schedulerName, nodeName, tolerations } = pod.spec ?? {
    containers: [],
  };
  const isGivenUid = pod.metadata?.uid?.includes("-") === true;
  return {
    name: pod.metadata?.name,
    namespace: pod.metadata?.namespace,
    labels: pod.metadata?.labels,
    uid: isGivenUid ? pod.metadata?.uid : "<computed>",
    annotations: Object.keys(pod.metadata?.annotations ?? {}).toSorted(),
    hashIsUid: pod.metadata?.annotations?.["kubernetes.io/config.hash"] === pod.metadata?.uid,
    source: pod.metadata?.annotations?.["kubernetes.io/config.source"],
    spec: { enableServiceLinks, dnsPolicy, restartPolicy, securityContext, schedulerName, nodeName, tolerations },
  };
};
const byName = (pods: readonly Pod[]): readonly Pod[] =>
  pods.toSorted((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1));

describe("a manifest directory", () => {
  it("wants in each recorded step the pods that the reference showed", async () => {
    await using dir = await makeDirectory();
    await using source = runFileSource(dir.path, { nodeName: "node-1" });
    await source.until(() => true);
    for (const { step, file, manifest, pods } of steps) {
      const before = source.snapshots.length;
      if (manifest === null) for (const name of file === "*" ? await readdir(dir.path) : [file]) await unlink(dir.at(name));
      else await writeFile(dir.at(file), typeof manifest === "string" ? manifest : JSON.stringify(manifest));
      await source.until((s) => source.snapshots.length > before && (file !== "*" || s.pods.length === 0));
      const wanted = byName(source.snapshots.at(-1)?.pods ?? []).map(comparable);
      // After the last step the reference was asked no more.
      expect(wanted, step).toEqual(byName(pods ?? []).map(comparable));
    }
    const problems = source.problems.map(({ location, field }) => [location.replace(`${dir.path}/`, ""), field]);
    expect(problems).toEqual([
      ["s04.json", "spec.containers[0].envFrom[0].configMapRef"],
      ["bad.json", undefined],
      ["no-name.json", "metadata.name"],
    ]);
  });
});
