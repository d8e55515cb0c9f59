import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { LabError } from "./errors.ts";

/** A package of another suite than the system's. */
export interface SuitePackage {
  /** E.g. `sid`. */
  readonly suite: string;
  readonly name: string;
  /** What its version must begin with, e.g. `2.`: anything else is refused. */
  readonly version: string;
}

/** Where packages are kept, and who hears of the download. */
export interface FetchOptions {
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The unpacked tree of the newest version in this folder of the cache, if there is one; no network is needed then. */
export const findCachedTree = (cacheDir: string, folder: string): string | undefined => {
  const dir = join(cacheDir, folder);
  if (!existsSync(dir)) return undefined;
  const versions = readdirSync(dir).filter((name) => !name.startsWith("."));
  const newest = versions.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  return newest === undefined ? undefined : join(dir, newest);
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
const privateApt = async (dir: string, mirror: string, suite: string): Promise<string[]> => {
  await mkdir(join(dir, "lists/partial"), { recursive: true });
  await mkdir(join(dir, "cache/archives/partial"), { recursive: true });
  await writeFile(
    join(dir, "suite.sources"),
    ["Types: deb", `URIs: ${mirror}`, `Suites: ${suite}`, "Components: main", `Signed-By: ${KEYRING}`, ""].join("\n"),
  );
  await writeFile(join(dir, "status"), "");
  return [
    `Dir::Etc::SourceList=${dir}/suite.sources`,
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
 * Gets a package from a suite of the system's mirror and unpacks it into `folder` of the cache; nothing is installed. apt verifies the suite's
 * signature with the system's Debian keyring, and the package by the hash in it. Returns the unpacked tree.
 */
export const fetchSuitePackage = async (wanted: SuitePackage, folder: string, options: FetchOptions): Promise<string> => {
  const cached = findCachedTree(options.cacheDir, folder);
  if (cached !== undefined) return cached;
  const { suite, name } = wanted;
  const base = join(options.cacheDir, folder);
  await mkdir(base, { recursive: true });
  const dir = await mkdtemp(join(base, ".fetch-"));
  const { signal } = options;
  try {
    await openForApt(dir);
    const apt = await privateApt(dir, await findMirror(signal), suite);
    options.onProgress(`getting ${name} of Debian ${suite} with apt (once)`);
    await runCommand(["apt-get", ...apt, "--quiet", "update", "--error-on=any"], { signal, timeoutMs: 300_000 });
    await runCommand(["apt-get", ...apt, "--quiet", "download", name], { signal, timeoutMs: 300_000, cwd: dir });
    const file = (await readdir(dir)).find((entry) => entry.endsWith(".deb"));
    if (file === undefined) throw new LabError("command-failed", `apt-get download left no package in ${dir}`);
    const version = decodeURIComponent(file.split("_")[1] ?? "0");
    if (!version.startsWith(wanted.version))
      throw new LabError("host-unfit", `Debian ${suite} holds ${name} ${version}, not ${wanted.version}x`);
    await runCommand(["dpkg-deb", "--extract", join(dir, file), join(dir, "tree")], { signal });
    // Another process may have been faster; then its tree stays.
    await rename(join(dir, "tree"), join(base, version)).catch((error: unknown) => {
      if (!existsSync(join(base, version))) throw error;
    });
    return join(base, version);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
