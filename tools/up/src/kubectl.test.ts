import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { computeKubectlCommands, findKubectl } from "./kubectl.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-up-kubectl-"));
});
afterEach(() => rm(dir, { recursive: true }));

const program = async (path: string, mode = 0o755): Promise<string> => {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "");
  await chmod(path, mode);
  return path;
};

it("finds the kubectl in PATH, which needs no path", async () => {
  await program(join(dir, "bin/kubectl"));
  expect(findKubectl({ path: `/nowhere:${join(dir, "bin")}`, cacheDir: dir })).toBe("kubectl");
});

it("takes a folder or a file that can't be run for no kubectl", async () => {
  await program(join(dir, "bin/kubectl"), 0o644);
  await mkdir(join(dir, "sbin/kubectl"), { recursive: true });
  expect(findKubectl({ path: `${join(dir, "bin")}:${join(dir, "sbin")}:`, cacheDir: dir })).toBeUndefined();
});

it("finds the newest kubectl of those that were fetched before", async () => {
  await program(join(dir, "kubectl-1.32/1.32.3/usr/bin/kubectl"));
  expect(findKubectl({ path: "", cacheDir: dir })).toBe(join(dir, "kubectl-1.32/1.32.3/usr/bin/kubectl"));
  const newer = await program(join(dir, "kubectl-1.36/1.36.4/usr/bin/kubectl"));
  expect(findKubectl({ path: "", cacheDir: dir })).toBe(newer);
});

it("spells three commands that need nothing but a copy", () => {
  expect(computeKubectlCommands({ kubectl: undefined, kubeconfig: "/k", pod: "web" })).toEqual([
    "KUBECONFIG=/k kubectl get pods -A",
    "KUBECONFIG=/k kubectl logs -f web",
    "KUBECONFIG=/k kubectl exec -it web -- sh",
  ]);
});
