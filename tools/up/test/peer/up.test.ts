import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@nk/stdx";
import { listLabRecords } from "@nk/tool-lab";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openRunLogs } from "../../src/logs.ts";
import type { RunLogs } from "../../src/logs.ts";
import type { UpContext } from "../../src/context.ts";
import { createProgress } from "../../src/progress.ts";
import { runUp } from "../../src/up.ts";

let root: string;
let logs: RunLogs;
let said: string[];

const ownLabs = (): unknown[] => listLabRecords().filter((record) => record.ownerPid === process.pid);

/** A repository with a stub in the kubelet's place. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-up-test-"));
  for (const dir of ["apps/kubelet/src", "manifests"]) await mkdir(join(root, dir), { recursive: true });
  await copyFile(fileURLToPath(new URL("../stub-kubelet.ts", import.meta.url)), join(root, "apps/kubelet/src/main.ts"));
  await writeFile(join(root, "package.json"), '{"type":"module"}');
  logs = openRunLogs();
  said = [];
});
afterEach(async () => {
  logs.close(false);
  await rm(root, { recursive: true });
  if (ownLabs().length > 0) throw new Error("a run left its lab behind");
});

/** The kubelet alone, on a folder. */
const contextOf = (once: boolean, signal: AbortSignal): UpContext => ({
  root,
  options: {
    once,
    standalone: true,
    yes: true,
    containerd: "1.6",
    kubectl: undefined,
    manifests: join(root, "manifests"),
    keepLogs: false,
  },
  progress: createProgress({ write: (text) => said.push(text) }),
  logs,
  signal,
  startMs: systemClock.monotonicMs(),
});

it("runs one pod to Ready, measures it and takes everything down", async () => {
  await writeFile(join(root, "manifests/web.yaml"), "kind: Pod\n");
  const result = await runUp(contextOf(true, new AbortController().signal));
  expect(result).toMatchObject({ ok: true });
  expect(result?.setupMs).toBeGreaterThan(0);
  expect(said.join("")).toContain("stopping pods and containerd");
});

it("tells the kubelet's last words when it dies", async () => {
  await writeFile(join(root, "manifests/crash.yaml"), "kind: Pod\n");
  await expect(runUp(contextOf(true, new AbortController().signal))).rejects.toThrow(/the kubelet ended with code 7.*\n?.*told to crash/s);
});

it("stops in the middle of the table when the user wants it", async () => {
  await writeFile(join(root, "manifests/web.yaml"), "kind: Pod\n");
  const controller = new AbortController();
  const running = runUp({
    ...contextOf(false, controller.signal),
    progress: createProgress({
      write: (text) => void (said.push(text), text.includes("Ctrl-C stops everything") && controller.abort(new Error("enough"))),
    }),
  });
  await expect(running).rejects.toThrow("enough");
  expect(said.join("")).toContain("stopping pods and containerd");
});

it("starts a cluster, runs one pod through the API to Ready, measures it and takes everything down", async () => {
  const real = fileURLToPath(new URL("../../../..", import.meta.url));
  const context = contextOf(true, new AbortController().signal);
  const options = { ...context.options, standalone: false, manifests: join(real, "examples/manifests") };
  const result = await runUp({ ...context, root: real, options });
  expect(result).toMatchObject({ ok: true });
  expect(result?.nodeReadyMs).toBeGreaterThan(0);
  expect(result?.setupMs).toBeGreaterThan(result?.nodeReadyMs ?? 0);
  expect(said.join("")).toContain("starting the embedded control plane");
});

it("stops in the middle of a cluster's start when the user wants it", async () => {
  const controller = new AbortController();
  const context = contextOf(false, controller.signal);
  const running = runUp({
    ...context,
    options: {
      ...context.options,
      standalone: false,
      manifests: fileURLToPath(new URL("../../../../examples/manifests", import.meta.url)),
    },
    progress: createProgress({
      write: (text) => void (said.push(text), text.includes("demo image: ") && controller.abort(new Error("enough"))),
    }),
  });
  await expect(running).rejects.toThrow("enough");
  expect(said.join("")).toContain("stopping pods and containerd");
});
