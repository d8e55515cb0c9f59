import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { LabError } from "./errors.ts";

/** Which containerd a lab runs: the one of the system's package, or the one of Debian's unstable suite. */
export type ContainerdVersion = "1.6" | "2.1";

/** How to get containerd 2.1. */
export interface FetchOptions {
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The folder of a cached containerd 2.1, if there is one; no network is needed then. */
export const findCachedContainerd = (cacheDir: string): string | undefined => {
  const dir = join(cacheDir, "containerd-2.1");
  if (!existsSync(dir)) return undefined;
  const versions = readdirSync(dir).filter((name) => !name.startsWith("."));
  const newest = versions.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  return newest === undefined ? undefined : join(dir, newest, "usr/bin");
};

/** The mirror that this system takes its Debian packages from. */
const findMirror = async (signal?: AbortSignal): Promise<string> => {
  const targets = await runCommand(
    ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"],
    { signal },
  );
  const release = (await runCommand(["sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME"], { signal })).trim();
  const line = targets.split("\n").find((text) => text.endsWith(` ${release} main`));
  const mirror = line?.split(" ")[0];
  if (mirror === undefined)
    throw new LabError("host-unfit", `apt has no source for Debian ${release} main, whose mirror would hold unstable`);
  return mirror;
};

/** Options that give apt-get sources, lists and cache of its own, so that the system's stay as they are. */
const privateApt = async (dir: string, mirror: string): Promise<string[]> => {
  await mkdir(join(dir, "lists/partial"), { recursive: true });
  await mkdir(join(dir, "cache/archives/partial"), { recursive: true });
  await writeFile(
    join(dir, "sid.sources"),
    ["Types: deb", `URIs: ${mirror}`, "Suites: sid", "Components: main", `Signed-By: ${KEYRING}`, ""].join("\n"),
  );
  await writeFile(join(dir, "status"), "");
  return [
    `Dir::Etc::SourceList=${dir}/sid.sources`,
    "Dir::Etc::SourceParts=/dev/null",
    "Dir::Etc::Preferences=/dev/null",
    "Dir::Etc::PreferencesParts=/dev/null",
    `Dir::State::Lists=${dir}/lists`,
    `Dir::State::Status=${dir}/status`,
    `Dir::Cache=${dir}/cache`,
    "Acquire::Languages=none",
    "Acquire::Retries=3",
  ].flatMap((option) => ["-o", option]);
};

/** apt downloads as its own unprivileged user, which must be able to write where the file shall lie. */
const openForApt = async (dir: string): Promise<void> => {
  await chmod(dir, 0o755);
  const uid = Number.parseInt(await runCommand(["id", "-u", "_apt"], { okCodes: [0, 1] }), 10);
  if (!Number.isNaN(uid)) await chown(dir, uid, 0);
};

/**
 * Gets containerd 2.1 from Debian's unstable suite and unpacks it into the cache; nothing is installed. apt verifies the suite's
 * signature with the system's Debian keyring, and the package by the hash in it.
 */
export const fetchContainerd = async (options: FetchOptions): Promise<string> => {
  const cached = findCachedContainerd(options.cacheDir);
  if (cached !== undefined) return cached;
  const base = join(options.cacheDir, "containerd-2.1");
  await mkdir(base, { recursive: true });
  const dir = await mkdtemp(join(base, ".fetch-"));
  const { signal } = options;
  try {
    await openForApt(dir);
    const apt = await privateApt(dir, await findMirror(signal));
    options.onProgress("getting containerd 2.1 of Debian sid with apt (41 MB, once)");
    await runCommand(["apt-get", ...apt, "--quiet", "update", "--error-on=any"], { signal, timeoutMs: 300_000 });
    await runCommand(["apt-get", ...apt, "--quiet", "download", "containerd"], { signal, timeoutMs: 300_000, cwd: dir });
    const file = (await readdir(dir)).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw new LabError("command-failed", `apt-get download left no package in ${dir}`);
    const version = decodeURIComponent(file.split("_")[1] ?? "0");
    if (!version.startsWith("2.")) throw new LabError("host-unfit", `Debian sid holds containerd ${version}, not 2.x`);
    await runCommand(["dpkg-deb", "--extract", join(dir, file), join(dir, "tree")], { signal });
    // Another lab may have been faster; then its tree stays.
    await rename(join(dir, "tree"), join(base, version)).catch((error: unknown) => {
      if (!existsSync(join(base, version))) throw error;
    });
    return join(base, version, "usr/bin");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
