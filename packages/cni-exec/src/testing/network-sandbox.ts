import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { runSubprocess } from "@nk/stdx";

/** What {@link createNetworkSandbox} takes. */
export interface NetworkSandboxOptions {
  /** Makes a user namespace too, in which the caller is root; default when this process is not root. */
  readonly isRootless?: boolean | undefined;
}

/** A container without a program: a network namespace with nothing but `lo` in it. */
export interface SandboxContainer {
  /** For CNI_NETNS. */
  readonly netns: string;
  /** Runs a command inside and returns what it prints; rejects when that fails. */
  exec(argv: readonly [string, ...string[]]): Promise<string>;
  /** Ends it, and with it the namespace. */
  close(): Promise<void>;
}

/**
 * A host of its own to run plugins on: network namespace, mount namespace with an empty `/run`, and its containers. All is gone when it is
 * closed, and also when the test's process dies.
 */
export interface NetworkSandbox extends AsyncDisposable {
  /** What runs a plugin on this host: give it to `createCni` or `createPluginDriver`. */
  readonly launcher: readonly string[];
  /** Path of the host's network namespace. */
  readonly netns: string;
  /** Runs a command on this host and returns what it prints; rejects when that fails. */
  exec(argv: readonly [string, ...string[]]): Promise<string>;
  addContainer(): Promise<SandboxContainer>;
  /**
   * The host's links, addresses, routes, firewall rules, queueing and forwarding rules as sorted lines: take one before and one after, and the difference
   * is what a plugin has left behind.
   */
  snapshot(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const READY = "ready";

/** The host's own `/sys` and `/run`, so that neither device names nor lock files and sockets are shared with the machine. */
const HOST_SETUP = [
  "mount -t sysfs sysfs /sys",
  "mount -t tmpfs tmpfs /run",
  "if [ -d /var/lib/cni ]; then mount -t tmpfs tmpfs /var/lib/cni; fi",
  "ip link set lo up",
].join(" && ");

/** Starts a program that says it is ready and then lives as long as its stdin is open, so that it cannot outlive this process. */
const startHolder = async (argv: readonly string[], setup: string): Promise<ChildProcess> => {
  const [program, ...args] = [...argv, "sh", "-c", `${setup} && echo ${READY} && exec cat`];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const [first] = (await Promise.race([once(child.stdout, "data"), once(child, "exit"), once(child, "error")])) as [unknown];
  if (!Buffer.isBuffer(first)) throw new Error(`cannot make a network sandbox: ${said.trim() || String(first)}`);
  return child;
};

const stopHolder = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  child.kill("SIGKILL");
  await ended;
};

const execIn = async (launcher: readonly string[], argv: readonly [string, ...string[]]): Promise<string> => {
  const [program = argv[0], ...args] = [...launcher, ...argv];
  const { exitCode, stdout, stderr } = await runSubprocess([program, ...args], { timeoutMs: 30_000, maxOutputBytes: 8 << 20 });
  if (exitCode !== 0) throw new Error(`"${argv.join(" ")}" ended with ${exitCode}: ${(stderr || stdout).trim()}`);
  return stdout;
};

const SNAPSHOT = [
  "ip -o link show | sed 's/^[0-9]*: /link /; s/[@:].*//'",
  "ip -o address show | sed 's/^[0-9]*: /address /; s/valid_lft.*//'",
  "for family in -4 -6; do ip $family route show table all | sed 's/^/route /; s/ linkdown//'; ip $family rule show | sed 's/^/rule /'; done",
  'for command in iptables ip6tables; do command -v $command >/dev/null && $command-save 2>/dev/null | sed -n "s/^-A/$command -A/p; s/^:\\([A-Z]*-[^ ]*\\).*/$command chain \\1/p"; done',
  "command -v nft >/dev/null && nft list ruleset | sed -n 's/^table/nft &/p'",
  "command -v tc >/dev/null && tc qdisc show | grep -v -e noqueue -e 'qdisc fq_codel' | sed 's/^/tc /'",
  "true",
].join("; ");

/** What the kernel or a first use of iptables makes for everybody, and nobody removes. */
const isStanding = (line: string): boolean => /^nft table (ip|ip6) (nat|filter|mangle|raw)\b/.test(line) || /fe80:|ff00::/.test(line);

/** Makes a sandbox. Needs util-linux and iproute2, and either root or user namespaces. */
export const createNetworkSandbox = async (options: NetworkSandboxOptions = {}): Promise<NetworkSandbox> => {
  const { isRootless = process.getuid?.() !== 0 } = options;
  const holder = await startHolder(["unshare", ...(isRootless ? ["--user", "--map-root-user"] : []), "--net", "--mount", "--"], HOST_SETUP);
  const enterUser = isRootless ? ["--user", "--preserve-credentials"] : [];
  const launcher = ["nsenter", "--target", String(holder.pid), ...enterUser, "--net", "--mount", "--"];
  const containers = new Set<ChildProcess>();
  const sandbox: NetworkSandbox = {
    launcher,
    netns: `/proc/${holder.pid}/ns/net`,
    exec: (argv) => execIn(launcher, argv),
    addContainer: async () => {
      const child = await startHolder([...launcher, "unshare", "--net", "--"], "true");
      containers.add(child);
      const inside = ["nsenter", "--target", String(child.pid), ...enterUser, "--net", "--mount", "--"];
      return {
        netns: `/proc/${child.pid}/ns/net`,
        exec: (argv) => execIn(inside, argv),
        close: async () => {
          containers.delete(child);
          await stopHolder(child);
        },
      };
    },
    snapshot: async () => {
      const lines = (await sandbox.exec(["sh", "-c", SNAPSHOT])).split("\n").map((line) => line.trim());
      return lines.filter((line) => line !== "" && !isStanding(line)).toSorted();
    },
    close: async () => {
      for (const child of containers) await stopHolder(child);
      containers.clear();
      await stopHolder(holder);
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
  return sandbox;
};
