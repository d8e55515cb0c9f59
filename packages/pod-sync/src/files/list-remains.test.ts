import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listPodRemains } from "./list-remains.ts";

const makeRoots = async () => {
  const dir = await mkdtemp(join(tmpdir(), "nk-remains-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return { rootDir: join(dir, "root"), podLogsDir: join(dir, "logs") };
};

test("nothing remains where there are no folders", async () => {
  expect(await listPodRemains(await makeRoots())).toEqual([]);
});

test("lists each pod with a data directory or logs once, by its name where the logs tell it", async () => {
  const roots = await makeRoots();
  await mkdir(join(roots.rootDir, "pods/only-data"), { recursive: true });
  await mkdir(join(roots.rootDir, "pods/both_1"), { recursive: true });
  await mkdir(join(roots.podLogsDir, "default_web_both_1"), { recursive: true });
  await mkdir(join(roots.podLogsDir, "kube-system_dns_only-logs"), { recursive: true });
  expect(await listPodRemains(roots)).toEqual([
    { namespace: "default", name: "web", uid: "both_1" },
    { namespace: "unknown", name: "unknown", uid: "only-data" },
    { namespace: "kube-system", name: "dns", uid: "only-logs" },
  ]);
});

test("passes over files, links and names that are no pod's", async () => {
  const roots = await makeRoots();
  await mkdir(join(roots.rootDir, "pods"), { recursive: true });
  await mkdir(join(roots.podLogsDir, "lost+found"), { recursive: true });
  await symlink("/etc", join(roots.rootDir, "pods/link"));
  await writeFile(join(roots.podLogsDir, "a_b_c"), "");
  expect(await listPodRemains(roots)).toEqual([]);
});
