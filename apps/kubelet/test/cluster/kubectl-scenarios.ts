import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "@nk/stdx";
import { findAssetsDir } from "@nk/tool-lab";
import { findFreePort } from "../http-api.ts";
import { BUSYBOX, SLEEP, podOf, shell } from "../manifests.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import { until } from "../until.ts";
import { isReady, runReady } from "./pod-facts.ts";

/** The versions that are there: envtest's folder has often one only, under its plain name. */
const versions = (): readonly (string | undefined)[] => {
  const dir = findAssetsDir();
  if (dir === undefined) return ["1.36", "1.32"];
  const named = ["1.36", "1.32"].filter((version) => existsSync(join(dir, `kubectl-${version}`)));
  return named.length > 0 ? named : [undefined];
};

/** Everything kubectl does to a pod that runs. */
export const describeKubectl = (rig: () => ClusterRig): void => {
  it.each(versions())("runs, shows, enters and leaves a pod by kubectl %s", async (version) => {
    const { controlPlane, lab } = rig();
    const name = `kubectl-${(version ?? "any").replace(".", "-")}`;
    const kubectl = (args: readonly string[], more: object = {}): Promise<string> =>
      controlPlane.kubectl(args, { ...(version === undefined ? {} : { version }), ...more });
    await runReady(
      rig(),
      podOf(name, [
        shell(
          "main",
          "echo ready; httpd -p 8080 -h /var/www; trap 'exit 0' TERM; while read line; do echo heard $line; done; sleep 1000 & wait",
          { stdin: true },
        ),
      ]),
    );

    expect(await kubectl(["logs", name])).toBe("ready\n");
    expect(await kubectl(["get", "pod", name, "--no-headers"])).toMatch(/1\/1\s+Running\s+0/);
    expect(await kubectl(["exec", name, "--", "echo", "from exec"])).toBe("from exec\n");
    expect(await kubectl(["exec", "-i", name, "--", "cat"], { stdin: "through and back" })).toBe("through and back");
    await expect(kubectl(["exec", name, "--", "sh", "-c", "echo out; exit 7"])).rejects.toThrow(/exit code 7/);

    const attached = new AbortController();
    const attaching = kubectl(["attach", "-i", name], { stdin: "a line\n", signal: attached.signal }).catch(() => "");
    await until("the line that was attached", async () => (await kubectl(["logs", name])).includes("heard a line"));
    attached.abort();
    await attaching;

    const port = await findFreePort();
    const forwarding = new AbortController();
    const forwarded = kubectl(["port-forward", `pod/${name}`, `${port}:8080`], { signal: forwarding.signal }).catch(() => "");
    const page = await until("the page behind the port", async () =>
      (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) })).text(),
    );
    forwarding.abort();
    await forwarded;
    expect(page).toBe("hello from nk\n");

    const dir = join(lab.dir, name);
    await mkdir(dir);
    await writeFile(join(dir, "there"), "copied\n".repeat(20_000));
    await kubectl(["cp", join(dir, "there"), `${name}:/tmp/there`]);
    await kubectl(["cp", `${name}:/tmp/there`, join(dir, "back")]);
    expect(await readFile(join(dir, "back"), "utf8")).toBe(await readFile(join(dir, "there"), "utf8"));

    await kubectl(["delete", "pod", name]);
    await untilApiPodGone(rig(), name);
  });

  it("follows a log to its end by kubectl", async () => {
    await rig().create(
      podOf("follow", [shell("main", "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done")], { restartPolicy: "Never" }),
    );
    await untilApiPod(rig(), "follow", ({ status }) => status?.phase === "Running" || status?.phase === "Succeeded");
    const lines = await rig().controlPlane.kubectl(["logs", "--follow", "follow"]);
    expect(lines).toBe("line 1\nline 2\nline 3\nline 4\nline 5\n");
    await untilApiPod(rig(), "follow", ({ status }) => status?.phase === "Succeeded");
    await rig().remove("Pod", "follow");
  });

  it("debugs a pod by kubectl: attached to an ephemeral container that sees its target's processes", async () => {
    const kubectl = (args: readonly string[], more: object = {}): Promise<string> => rig().controlPlane.kubectl(args, more);
    await runReady(rig(), podOf("debugged", [shell("main", SLEEP)]));
    const script = "tr '\\0' ' ' < /proc/1/cmdline; read word; echo heard $word; sleep 1; exit 3";
    const flags = ["--image", BUSYBOX, "--image-pull-policy", "IfNotPresent", "--target", "main", "--container", "dbg"];
    // The stream ends with what it was given, so what the container answers is in its log only.
    await kubectl(["debug", "-i", "debugged", ...flags, "--", "sh", "-c", script], { stdin: "a word\n" });
    const pod = await untilApiPod(
      rig(),
      "debugged",
      ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined,
    );
    expect(pod.status?.ephemeralContainerStatuses).toMatchObject([
      { name: "dbg", ready: false, restartCount: 0, state: { terminated: { reason: "Error", exitCode: 3 } } },
    ]);
    expect(isReady(pod)).toBe(true);
    expect(await kubectl(["logs", "debugged", "--container", "dbg"])).toMatch(/sleep 100000.*heard a word/s);
    await rig().remove("Pod", "debugged");
    await untilApiPodGone(rig(), "debugged");
  });

  it("says what kubectl asks in vain", async () => {
    const kubectl = (args: readonly string[]): Promise<string> => rig().controlPlane.kubectl(args);
    await runReady(rig(), podOf("in-vain", [shell("main", SLEEP)]));
    await expect(kubectl(["exec", "in-vain", "--", "/no/such/program"])).rejects.toThrow(/no such file or directory/);
    await expect(kubectl(["logs", "in-vain", "--previous"])).rejects.toThrow(
      /previous terminated container "main" in pod "in-vain" not found/,
    );
    const beganMs = systemClock.monotonicMs();
    await kubectl(["delete", "pod", "in-vain"]);
    expect(systemClock.monotonicMs() - beganMs).toBeLessThan(10_000);
  });
};
