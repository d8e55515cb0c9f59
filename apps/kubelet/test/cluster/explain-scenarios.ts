import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { PodExplanation } from "@nk/pod-status";
import { runSubprocess } from "@nk/stdx";
import { expect, it } from "vitest";
import type { ClusterRig } from "../cluster-rig.ts";
import { untilApiPodGone } from "../cluster-rig.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { report } from "../rig.ts";
import { until } from "../until.ts";
import { runReady } from "./pod-facts.ts";

const ENTRY = resolve(import.meta.dirname, "../../src/main.ts");
const TIMEOUT_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** The kubelet's own program beside the kubelet that runs, as somebody on the node would type it. */
const type = async ({ lab, controlPlane }: ClusterRig, words: readonly string[]): Promise<Ended> => {
  const flags = [`--config=${lab.dir}/kubelet-node-1.json`, `--root-dir=${lab.kubeletDir}`, `--cert-dir=${lab.kubeletDir}/pki`];
  const { exitCode, stdout, stderr } = await runSubprocess([process.execPath, "--conditions=@nk/source", ENTRY, ...words, ...flags], {
    timeoutMs: TIMEOUT_MS,
    env: { PATH: process.env["PATH"] ?? "", KUBECONFIG: controlPlane.adminKubeconfig },
  });
  return { code: exitCode, out: stdout, error: stderr };
};

/** What the kubelet says of itself to whoever asks on its machine. */
export const describeExplain = (rig: () => ClusterRig): void => {
  it("draws the start of a pod, with every step and container", async () => {
    const name = "timeline";
    await runReady(rig(), podOf(name, [shell("one", SLEEP), shell("two", SLEEP)], { initContainers: [shell("before", "sleep 0.2")] }));
    const { code, out, error } = await type(rig(), ["timeline", "pod", `default/${name}`]);
    expect([code, error]).toEqual([0, ""]);
    report(out.trimEnd().replaceAll("\n", "\n  "));
    expect(out).toMatch(/^pod .*timeline.*: ready after /);
    const labels = [...out.matchAll(/^(.*?) +\|/gm)].map(([, label]) => label);
    for (const label of ["admit", "volumes", "sandbox", "pull before", "create one", "start two", "ready"]) expect(labels).toContain(label);
    expect(labels[0]).toBe("admit");
    expect(labels.at(-1)).toBe("ready");

    const asJson = await type(rig(), ["timeline", "pod", name, "--json"]);
    const { timeline } = JSON.parse(asJson.out) as Pick<PodExplanation, "timeline">;
    const at = (step: string, container?: string) => timeline.find((one) => one.step === step && one.container === container)?.spans[0];
    expect(at("ready")?.beginMs).toBeGreaterThanOrEqual(at("start", "two")?.endMs ?? Number.NaN);
    expect(at("create", "one")?.beginMs).toBeGreaterThanOrEqual(at("sandbox")?.endMs ?? Number.NaN);
    // The init container's own run lies between its start and the next container's.
    expect((at("create", "one")?.beginMs ?? 0) - (at("start", "before")?.endMs ?? 0)).toBeGreaterThan(150);
    expect(timeline.flatMap(({ spans }) => spans).every(({ beginMs, endMs = 0 }) => endMs >= beginMs)).toBe(true);
    await rig().remove("Pod", name, 0);
    await untilApiPodGone(rig(), name);
  });

  it("says what a pod waits for and since when, the last error and the next try, and forgets it when it is gone", async () => {
    const name = "explained";
    await rig().create(podOf(name, [shell("main", SLEEP, { image: "registry.invalid/none:1", imagePullPolicy: "Never" })]));
    let last: Ended | undefined;
    const describeLast = () => `the explanation of the image that is missing, and not ${JSON.stringify(last)}`;
    const asked = await until(describeLast, async () => {
      last = await type(rig(), ["explain", "pod", `default/${name}`, "--json"]);
      const explanation = last.code === 0 ? (JSON.parse(last.out) as PodExplanation) : undefined;
      return explanation?.waitsFor.startsWith("main: ErrImageNeverPull") === true ? explanation : undefined;
    });
    expect(asked).toMatchObject({ state: "syncing", phase: "Pending", runtime: { readable: true } });
    expect(asked.decisions.length).toBeLessThanOrEqual(50);
    expect(asked.timeline.find(({ step }) => step === "pull")?.spans.length).toBeGreaterThan(0);

    const { out } = await type(rig(), ["explain", "pod", name]);
    report(out.trimEnd().split("\n").slice(0, 12).join("\n  "));
    expect(out).toMatch(/^pod .*explained.*: syncing: waits for main: ErrImageNeverPull/);
    expect(out).toMatch(/^next try: +in .*\(2.*Z\)/m);
    expect(out).toMatch(/start a container: container=main, kind=app/);

    await rig().remove("Pod", name, 0);
    await untilApiPodGone(rig(), name);
    const gone = await until("nobody to know the pod", async () => {
      const answer = await type(rig(), ["explain", "pod", name]);
      return answer.code === 1 ? answer : undefined;
    });
    expect(gone.error).toMatch(/^kubelet explain: ask the kubelet at https:.*: it has no pod default\/explained\n$/);
  });

  it("says clearly why it has no answer", async () => {
    const { controlPlane, lab } = rig();
    const tokenFile = join(lab.dir, "nobody.token");
    await writeFile(tokenFile, "nobody-s-token\n");
    const cases: readonly (readonly [words: readonly string[], code: number, error: RegExp])[] = [
      [["explain", "node", "x"], 2, /explain knows pods, not "node"/],
      [["explain", "pod", "default/x", `--token-file=${tokenFile}`], 1, /: it does not know who asks \(the credentials are those of/],
      [
        ["explain", "pod", "default/x", `--user-kubeconfig=${controlPlane.nodeKubeconfig}`],
        1,
        /: it does not allow it \(.*node.*nodes\/proxy/,
      ],
      [["timeline", "pod", "default/x", "--port=1"], 1, /: nothing listens there; is the kubelet running\?/],
    ];
    const answers = await Promise.all(cases.map(([words]) => type(rig(), words)));
    for (const [index, [words, code, error]] of cases.entries()) {
      const answer = answers[index];
      expect([words, answer?.code, answer?.out]).toEqual([words, code, ""]);
      expect(answer?.error).toMatch(error);
    }
  });
};
