import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { hostEnvironment, runCommand } from "./command.ts";
import { ensureDebianPackages } from "./debian-packages.ts";
import { LabError } from "./errors.ts";
import { buildImages } from "./images/build.ts";
import { readStartTicks } from "./processes.ts";

/** What a registry can be told. */
export interface RegistryOptions {
  /** A user and password that every request must bring; default none. */
  readonly auth?: { readonly username: string; readonly password: string };
  readonly cacheDir?: string;
  /** Install missing Debian packages without asking. */
  readonly yes?: boolean;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A registry on this host. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:port`: the first part of image references; give it to `lab.trustRegistry`. */
  readonly address: string;
  /**
   * Copies an image into the registry and returns its reference there. `image` names one of the lab's images, or one in `archive`.
   * @example push({ image: LAB_IMAGES.busybox, as: "team/app:v1" }) // "127.0.0.1:5000/team/app:v1"
   */
  push(request: { readonly image: string; readonly as: string; readonly archive?: string }): Promise<string>;
  /** Stops the registry and deletes its data; idempotent. */
  close(): Promise<void>;
}

/** The Debian packages a registry needs. */
export const listRegistryPackages = (): readonly string[] => ["docker-registry", "skopeo"];

const findFreePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new LabError("host-unfit", "no free port on 127.0.0.1");
  return address.port;
};

/** Folders of registries whose owner was killed. */
const removeStaleDirs = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^nk-registry-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && readStartTicks(Number(pid)) === undefined) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });

const writeConfig = async (dir: string, port: number, auth: RegistryOptions["auth"]): Promise<string> => {
  const lines = [
    "version: 0.1",
    "log: { level: warn, accesslog: { disabled: true } }",
    `storage: { filesystem: { rootdirectory: ${JSON.stringify(join(dir, "data"))} }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${port}" }`,
  ];
  if (auth) {
    // The registry wants bcrypt, which the C library's crypt(3) has and every Debian's perl can call.
    const script = "my $p = <STDIN>; chomp $p; print crypt($p, '$2y$05$abcdefghijklmnopqrstuu')";
    const hash = await runCommand(["perl", "-e", script], { stdin: `${auth.password}\n` });
    await writeFile(join(dir, "htpasswd"), `${auth.username}:${hash}\n`, { mode: 0o600 });
    lines.push(`auth: { htpasswd: { realm: nk-lab, path: ${JSON.stringify(join(dir, "htpasswd"))} } }`);
  }
  const config = join(dir, "config.yml");
  await writeFile(config, `${lines.join("\n")}\n`);
  return config;
};

/** Starts a registry on a free port of 127.0.0.1 that speaks plain http and keeps its data in a folder of its own. */
export const startRegistry = async (options: RegistryOptions = {}): Promise<Registry> => {
  const { signal, onProgress } = options;
  await ensureDebianPackages(listRegistryPackages(), { yes: options.yes ?? false, signal, ...(onProgress ? { onProgress } : {}) });
  removeStaleDirs();
  const dir = await mkdtemp(join(tmpdir(), `nk-registry-${process.pid}-`));
  const port = await findFreePort();
  const config = await writeConfig(dir, port, options.auth);
  const logFile = join(dir, "registry.log");
  const log = openSync(logFile, "a");
  // A killed owner takes it along: it is no daemon.
  const argv = ["--pdeathsig", "KILL", "docker-registry", "serve", config];
  const child = spawn("setpriv", argv, { stdio: ["ignore", log, log], env: hostEnvironment() });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const isDead = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  child.unref();
  const close = async (): Promise<void> => {
    child.ref();
    child.kill("SIGKILL");
    if (!isDead()) await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const deadline = systemClock.monotonicMs() + 10_000;
  while (!(await accepts(port))) {
    if (isDead() || signal?.aborted || systemClock.monotonicMs() > deadline) {
      const words = readFileSync(logFile, "utf8").slice(-2000);
      await close();
      signal?.throwIfAborted();
      throw new LabError("runtime-not-ready", `docker-registry did not start on 127.0.0.1:${port}: ${words}`);
    }
    await systemClock.sleep(10);
  }
  return createRegistry({ address: `127.0.0.1:${port}`, dir, options, close });
};

interface RegistryParts {
  readonly address: string;
  readonly dir: string;
  readonly options: RegistryOptions;
  readonly close: () => Promise<void>;
}

const createRegistry = ({ address, dir, options, close }: RegistryParts): Registry => {
  let closing: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closing ??= close());
  return {
    address,
    push: async ({ image, as, archive }) => {
      const source = archive ?? (await buildImages(options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir })).archive;
      const authFile = join(dir, "auth.json");
      const token = options.auth ? Buffer.from(`${options.auth.username}:${options.auth.password}`).toString("base64") : undefined;
      await writeFile(authFile, JSON.stringify({ auths: token === undefined ? {} : { [address]: { auth: token } } }), { mode: 0o600 });
      const reference = `${address}/${as}`;
      const flags = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-authfile", authFile];
      await runCommand(["skopeo", ...flags, `oci-archive:${source}:${image}`, `docker://${reference}`], { signal: options.signal });
      return reference;
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
};
