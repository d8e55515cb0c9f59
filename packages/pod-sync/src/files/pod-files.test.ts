import { lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createSeededRandom } from "@nk/stdx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isConfigRejectedError } from "../config/reject.ts";
import { createPodFiles } from "./pod-files.ts";
import type { PodFiles } from "./pod-files.ts";

const pod = { namespace: "default", name: "web", uid: "u-1" };
const main = { pod, containerName: "main" };

let root: string;
let mountPoints: string[];
let files: PodFiles;

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined)) !== undefined;
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const write = async (path: string, content = ""): Promise<void> => {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-pod-files-"));
  mountPoints = [];
  files = createPodFiles({
    rootDir: join(root, "kubelet"),
    podLogsDir: join(root, "pod-logs"),
    containerLogsDir: join(root, "container-logs"),
    listMountPoints: () => Promise.resolve(mountPoints),
    random: createSeededRandom(1),
  });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("directories", () => {
  it("are made for the owner and group only, those of logs for everybody, and may exist", async () => {
    await files.ensurePodDirs("u-1");
    await files.ensurePodDirs("u-1");
    const podDir = join(root, "kubelet/pods/u-1");
    const logDir = await files.ensureLogDir(main);
    expect(logDir).toBe(join(root, "pod-logs/default_web_u-1/main"));
    expect(files.podDir("u-1")).toBe(podDir);
    expect(await Promise.all(["", "volumes", "plugins"].map((name) => modeOf(join(podDir, name))))).toEqual(["750", "750", "750"]);
    expect(await Promise.all(["..", "."].map((name) => modeOf(join(logDir, name))))).toEqual(["755", "755"]);
  });

  it.each(["", ".", "..", "../x", "a/b", "a\0b"])("refuses the UID %j", (uid) => {
    expect(() => files.podDir(uid)).toThrow(`pod UID ${JSON.stringify(uid)} cannot be a file name`);
  });

  it("refuses a container name that leads elsewhere", async () => {
    const error: unknown = await files.createTerminationLog({ pod, containerName: "../../x" }).catch((caught: unknown) => caught);
    expect(isConfigRejectedError(error)).toBe(true);
  });
});

describe("hosts file", () => {
  it("is readable for all, and replaced only when it changed", async () => {
    await files.ensurePodDirs("u-1");
    const path = await files.writeEtcHosts("u-1", "10.0.0.1\tweb\n");
    const first = await stat(path);
    await files.writeEtcHosts("u-1", "10.0.0.1\tweb\n");
    const second = await stat(path);
    await files.writeEtcHosts("u-1", "10.0.0.2\tweb\n");
    expect(path).toBe(join(root, "kubelet/pods/u-1/etc-hosts"));
    expect([second.ino, second.mtimeMs]).toEqual([first.ino, first.mtimeMs]);
    expect(await readFile(path, "utf8")).toBe("10.0.0.2\tweb\n");
    expect(await modeOf(path)).toBe("644");
  });

  it("is replaced unread when a container blew it up", async () => {
    await files.ensurePodDirs("u-1");
    const path = await files.writeEtcHosts("u-1", "10.0.0.1\tweb\n");
    // More than node:fs would read into memory, and no byte of it on the disk.
    await truncate(path, 3 * 1024 ** 3);
    await files.writeEtcHosts("u-1", "10.0.0.1\tweb\n");
    expect(await readFile(path, "utf8")).toBe("10.0.0.1\tweb\n");
  });
});

describe("termination log", () => {
  it("is empty, writable by anyone and new for each instance", async () => {
    const first = await files.createTerminationLog(main);
    const second = await files.createTerminationLog(main);
    expect(first).toMatch(new RegExp(`^${root}/kubelet/pods/u-1/containers/main/[0-9a-f]{8}$`, "u"));
    expect(second).not.toBe(first);
    expect([await modeOf(first), await readFile(first, "utf8")]).toEqual(["666", ""]);
  });

  it("gives up on a random source that repeats itself", async () => {
    const stuck = createPodFiles({
      rootDir: root,
      podLogsDir: root,
      listMountPoints: () => Promise.resolve([]),
      random: () => 0.5,
    });
    await stuck.createTerminationLog(main);
    await expect(stuck.createTerminationLog(main)).rejects.toThrow("EEXIST");
  });
});

describe("removal of stale termination logs", () => {
  const directory = (): string => join(root, "kubelet/pods/u-1/containers/main");

  it("keeps what is in use, also by another path to it, and whatever is no log", async () => {
    const [old, dead, running] = [
      await files.createTerminationLog(main),
      await files.createTerminationLog(main),
      await files.createTerminationLog(main),
    ];
    const neighbour = await files.createTerminationLog({ pod, containerName: "side" });
    await write(join(root, "outside"), "kept");
    await symlink(join(root, "outside"), join(directory(), "00000001"));
    await mkdir(join(directory(), "00000002"));
    await write(join(directory(), "notes"));
    await write(join(directory(), "000000030"));
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [dead, `/elsewhere/${basename(running)}`, "/etc/hosts"] });
    expect((await readdir(directory())).toSorted()).toEqual(
      ["00000001", "00000002", "000000030", "notes", basename(dead), basename(running)].toSorted(),
    );
    expect([await exists(old), await exists(neighbour), await readFile(join(root, "outside"), "utf8")]).toEqual([false, true, "kept"]);
  });

  it("is done when there is nothing, and does nothing behind a link", async () => {
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [] });
    await write(join(root, "elsewhere/0123abcd"));
    await mkdir(join(root, "kubelet/pods/u-1/containers"), { recursive: true });
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [] });
    await symlink(join(root, "elsewhere"), directory());
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [] });
    expect(await exists(join(root, "elsewhere/0123abcd"))).toBe(true);
    await expect(files.removeStaleTerminationLogs({ pod, containerName: "../..", usedPaths: [] })).rejects.toThrow("cannot be a file name");
  });

  it("removes so many at once and the rest later", async () => {
    for (let count = 0; count < 300; count += 1) await files.createTerminationLog(main);
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [] });
    expect(await readdir(directory())).toHaveLength(300 - 256);
    await files.removeStaleTerminationLogs({ ...main, usedPaths: [] });
    expect(await readdir(directory())).toEqual([]);
  });
});

describe("logs", () => {
  it.each<[readonly string[], number]>([
    [[], 0],
    [["0.log"], 1],
    [["0.log", "3.log.20260101-000000.gz", "2.log", "x.log", "9.txt"], 4],
  ])("tell from %j that the container was made %i times", async (names, count) => {
    for (const name of names) await write(join(root, "pod-logs/default_web_u-1/main", name));
    expect(await files.countRestartsByLogs(main)).toBe(count);
  });

  it("of one instance are removed with their rotated parts", async () => {
    const directory = await files.ensureLogDir(main);
    for (const name of ["1.log", "1.log.20260101-000000.gz", "11.log"]) await write(join(directory, name));
    await files.removeContainerLogs({ ...main, restartCount: 1 });
    expect(await readdir(directory)).toEqual(["11.log"]);
  });

  it("are linked for collectors once the runtime has made them, and the link is replaced when it is stale", async () => {
    const container = { ...main, containerId: "abc" };
    const logPath = join(await files.ensureLogDir(main), "0.log");
    const link = join(root, "container-logs/web_default_main-abc.log");
    expect(await files.linkContainerLog(container, logPath)).toBe(false);
    await write(logPath);
    expect(await files.linkContainerLog(container, logPath)).toBe(true);
    expect(await files.linkContainerLog(container, logPath)).toBe(true);
    await rm(link);
    await symlink("/elsewhere", link);
    await files.linkContainerLog(container, logPath);
    expect(await readlink(link)).toBe(logPath);
    await files.unlinkContainerLog(container);
    await files.unlinkContainerLog(container);
    expect([await exists(link), await exists(logPath)]).toEqual([false, true]);
  });

  it("of the whole pod are removed with their links, but not those of a pod of the same name", async () => {
    const logPath = join(await files.ensureLogDir(main), "0.log");
    await write(logPath);
    await files.linkContainerLog({ ...main, containerId: "abc" }, logPath);
    const other = join(root, "container-logs/web_default_main-def.log");
    await symlink(join(root, "pod-logs/default_web_u-2/main/0.log"), other);
    expect(await files.removePodLogs(pod)).toEqual({ status: "removed" });
    expect(await files.removePodLogs(pod)).toEqual({ status: "removed" });
    expect(await readdir(join(root, "container-logs"))).toEqual(["web_default_main-def.log"]);
    expect(await exists(join(root, "pod-logs/default_web_u-1"))).toBe(false);
  });
});

describe("removal of a pod's directories", () => {
  it("removes everything but what a link leads to", async () => {
    await files.ensurePodDirs("u-1");
    await files.writeEtcHosts("u-1", "");
    await files.createTerminationLog(main);
    await write(join(root, "outside/data"), "kept");
    await symlink(join(root, "outside"), join(root, "kubelet/pods/u-1/plugins/link"));
    await mkdir(join(root, "kubelet/pods/u-1/volumes/kubernetes.io~empty-dir/gone"), { recursive: true });
    expect(await files.removePodDirs("u-1")).toEqual({ status: "removed" });
    expect([await exists(files.podDir("u-1")), await exists(join(root, "outside/data"))]).toEqual([false, true]);
  });

  it("is done when there is nothing", async () => {
    expect(await files.removePodDirs("u-2")).toEqual({ status: "removed" });
  });

  it("removes nothing while something is mounted below, also under the real name of a linked root", async () => {
    await mkdir(join(root, "disk"));
    await symlink(join(root, "disk"), join(root, "kubelet"));
    await files.ensurePodDirs("u-1");
    await files.writeEtcHosts("u-1", "");
    mountPoints = ["/", join(root, "disk/pods/u-11/volumes/x"), join(root, "disk/pods/u-1/volumes/x")];
    expect(await files.removePodDirs("u-1")).toEqual({
      status: "refused",
      reasons: [`${join(root, "disk/pods/u-1/volumes/x")} is mounted`],
    });
    expect(await exists(join(root, "disk/pods/u-1/etc-hosts"))).toBe(true);
  });

  it("leaves the files of a volume, and all the rest with them", async () => {
    const data = join(root, "kubelet/pods/u-1/volumes/kubernetes.io~empty-dir/cache/data");
    await write(data);
    await files.writeEtcHosts("u-1", "");
    expect(await files.removePodDirs("u-1")).toEqual({ status: "refused", reasons: [`${data} is in the way`] });
    for (let file = 0; file < 100; file += 1) await writeFile(`${data}-${file}`, "");
    const { reasons = [] } = (await files.removePodDirs("u-1")) as { readonly reasons?: readonly string[] };
    expect(reasons).toHaveLength(16);
    expect([await exists(data), await exists(join(root, "kubelet/pods/u-1/etc-hosts"))]).toEqual([true, true]);
  });

  it("ends when it is aborted", async () => {
    await files.ensurePodDirs("u-1");
    await files.writeEtcHosts("u-1", "");
    await expect(files.removePodDirs("u-1", { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
  });
});
