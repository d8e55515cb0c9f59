import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Attachment, CniResult } from "../../src/index.ts";
import type { NetworkSandbox, SandboxContainer } from "../../src/testing/index.ts";

/** Where a scenario runs. */
export interface Stage {
  readonly sandbox: NetworkSandbox;
  readonly pluginDir: string;
  /** For address managers: theirs would be the machine's. */
  readonly dataDir: string;
  /** Ends with the stage. */
  readonly keep: (stop: () => Promise<void>) => void;
}

/** One attachment on a stage. */
export interface Attached {
  readonly stage: Stage;
  readonly container: SandboxContainer;
  readonly containerId: string;
  readonly result: CniResult;
}

/** A plugin, how it is configured, and how one sees that it works. */
export interface Scenario {
  readonly plugin: string;
  /** What its host needs before. */
  readonly setUp?: (stage: Stage) => Promise<void>;
  readonly isSlow?: boolean;
  /** A kind of link that the kernel must have. */
  readonly linkType?: string;
  readonly chain: (stage: Stage) => readonly object[];
  readonly attachment?: Partial<Attachment>;
  /** What plugins of a suite get wrong by themselves: which verb, and how they say it. */
  readonly knownDefect?: { readonly suite: string; readonly verb: "CHECK"; readonly message: RegExp; readonly note: string };
  /** Throws unless the attachment works. */
  readonly prove: (attached: Attached) => Promise<void>;
}

const GATEWAY = "10.123.0.1";
const FAKE_DEFAULT = { dst: "0.0.0.0/0" };

const assert = (isTrue: boolean, message: string): void => {
  if (!isTrue) throw new Error(message);
};
const busybox = (...words: readonly string[]): readonly [string, ...string[]] => ["busybox", ...words];
const pingFromContainer = async ({ container }: Attached, address = GATEWAY): Promise<void> => {
  await container.exec(busybox("ping", "-c", "1", "-W", "3", address));
};
const addressOf = ({ result }: Attached): string => result.ips[0]?.address.split("/")[0] ?? "none";
const pingBothWays = async (attached: Attached): Promise<void> => {
  await pingFromContainer(attached);
  await attached.stage.sandbox.exec(busybox("ping", "-c", "1", "-W", "3", addressOf(attached)));
};

const hostLocal = ({ dataDir }: Stage): object => ({
  type: "host-local",
  dataDir,
  subnet: "10.123.0.0/24",
  gateway: GATEWAY,
  rangeStart: "10.123.0.2",
  routes: [FAKE_DEFAULT],
});
const bridge = (stage: Stage, more: object = {}): object => ({
  type: "bridge",
  bridge: "nkcni0",
  isGateway: true,
  ipam: hostLocal(stage),
  ...more,
});

/** A link with another end, on which the gateway is: the machine's network cards have no business here. */
const makeWire = ({ sandbox }: Stage, vlan?: number): Promise<string> => {
  const far = vlan === undefined ? "wire1" : `wire1.${vlan}`;
  const tag = vlan === undefined ? "" : `ip link add link wire1 name ${far} type vlan id ${vlan} && ip link set ${far} up &&`;
  return sandbox.exec([
    "sh",
    "-c",
    `ip link add wire0 type veth peer name wire1 && ip link set wire0 up && ip link set wire1 up && ${tag} ip address add ${GATEWAY}/24 dev ${far}`,
  ]);
};

/** Starts a server on the stage, which ends with it. */
const startDaemon = ({ sandbox, keep }: Stage, argv: readonly string[]): void => {
  const [program = "", ...args] = [...sandbox.launcher, ...argv];
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  keep(async () => {
    child.kill("SIGKILL");
    await ended;
  });
};

const DHCP_CONFIG = [
  "start 10.123.0.50",
  "end 10.123.0.99",
  "interface nkdhcp0",
  "lease_file /run/leases",
  "pidfile /run/udhcpd.pid",
  "option subnet 255.255.255.0",
  `option router ${GATEWAY}`,
  "option lease 600",
];

export const SCENARIOS: readonly Scenario[] = [
  { plugin: "bridge", chain: (stage) => [bridge(stage, { ipMasq: true, hairpinMode: true })], prove: pingBothWays },
  { plugin: "ptp", chain: (stage) => [{ type: "ptp", ipMasq: true, ipam: hostLocal(stage) }], prove: pingBothWays },
  {
    plugin: "host-local",
    chain: (stage) => [{ type: "host-local", ipam: hostLocal(stage) }],
    prove: async (attached) => {
      const reserved = await readdir(join(attached.stage.dataDir, "peer"));
      assert(reserved.includes(addressOf(attached)), `host-local did not reserve ${addressOf(attached)}, only ${reserved.join(", ")}`);
    },
  },
  {
    plugin: "portmap",
    chain: (stage) => [bridge(stage), { type: "portmap", snat: true, capabilities: { portMappings: true } }],
    attachment: { capabilityArgs: { portMappings: [{ hostPort: 18_080, containerPort: 80, protocol: "tcp" }] } },
    knownDefect: {
      suite: "Debian 12",
      verb: "CHECK",
      message: /could not check ipv6 dnat/,
      note: "portmap 1.1.1 looks for its IPv4 rules in ip6tables too, and complains",
    },
    prove: async ({ stage, container }) => {
      const served = container.exec(busybox("timeout", "10", "busybox", "nc", "-l", "-p", "80", "-e", "echo", "hello"));
      const ask = `for attempt in 1 2 3 4 5 6 7 8; do busybox nc -w 2 ${GATEWAY} 18080 && exit 0; sleep 0.1; done; exit 1`;
      const [heard] = await Promise.all([stage.sandbox.exec(["sh", "-c", ask]), served]);
      assert(heard.includes("hello"), `the host port answers ${JSON.stringify(heard)}`);
    },
  },
  {
    plugin: "firewall",
    setUp: async ({ sandbox }) => {
      await sandbox.exec(["iptables", "-P", "FORWARD", "DROP"]);
    },
    chain: (stage) => [bridge(stage), { type: "firewall" }],
    prove: async (attached) => {
      await pingFromContainer(attached);
      const rules = await attached.stage.sandbox.exec(["iptables-save", "-t", "filter"]);
      assert(rules.includes(`-d ${addressOf(attached)}/32`), "firewall did not let the address through");
    },
  },
  {
    plugin: "bandwidth",
    chain: (stage) => [bridge(stage), { type: "bandwidth", capabilities: { bandwidth: true } }],
    attachment: {
      capabilityArgs: { bandwidth: { ingressRate: 8_000_000, ingressBurst: 800_000, egressRate: 8_000_000, egressBurst: 800_000 } },
    },
    prove: async (attached) => {
      await pingFromContainer(attached);
      const shapers = await attached.stage.sandbox.exec(["tc", "qdisc", "show"]);
      assert((shapers.match(/\b(tbf|htb)\b/g) ?? []).length >= 2, `traffic is not shaped both ways: ${shapers}`);
    },
  },
  {
    plugin: "tuning",
    chain: (stage) => [bridge(stage), { type: "tuning", sysctl: { "net.core.somaxconn": "500" }, capabilities: { mac: true } }],
    attachment: { capabilityArgs: { mac: "c2:11:22:33:44:55" } },
    prove: async (attached) => {
      await pingFromContainer(attached);
      const [limit, link] = [
        await attached.container.exec(["cat", "/proc/sys/net/core/somaxconn"]),
        await attached.container.exec(["ip", "link", "show", "eth0"]),
      ];
      assert(limit.trim() === "500" && link.includes("c2:11:22:33:44:55"), `somaxconn is ${limit.trim()}, the interface ${link}`);
    },
  },
  {
    plugin: "vlan",
    linkType: "vlan",
    setUp: async (stage) => {
      await makeWire(stage, 5);
    },
    chain: (stage) => [{ type: "vlan", master: "wire0", vlanId: 5, ipam: hostLocal(stage) }],
    prove: (attached) => pingFromContainer(attached),
  },
  {
    plugin: "macvlan",
    linkType: "macvlan",
    setUp: async (stage) => {
      await makeWire(stage);
    },
    chain: (stage) => [{ type: "macvlan", master: "wire0", mode: "bridge", ipam: hostLocal(stage) }],
    prove: (attached) => pingFromContainer(attached),
  },
  {
    plugin: "loopback",
    attachment: { ifName: "lo" },
    chain: () => [{ type: "loopback" }],
    prove: (attached) => pingFromContainer(attached, "127.0.0.1"),
  },
  {
    plugin: "dhcp",
    // Ten seconds an address in sid.
    isSlow: true,
    setUp: async (stage) => {
      const config = DHCP_CONFIG.join("\n");
      await stage.sandbox.exec([
        "sh",
        "-c",
        `ip link add nkdhcp0 type bridge && ip link set nkdhcp0 up && ip address add ${GATEWAY}/24 dev nkdhcp0 && mkdir -p /run/cni && touch /run/leases && printf '${config}\n' > /run/udhcpd.conf`,
      ]);
      startDaemon(stage, ["busybox", "udhcpd", "-f", "-a", "10", "-I", GATEWAY, "/run/udhcpd.conf"]);
      startDaemon(stage, [join(stage.pluginDir, "dhcp"), "daemon"]);
      await stage.sandbox.exec(["sh", "-c", "for attempt in $(seq 100); do [ -S /run/cni/dhcp.sock ] && exit 0; sleep 0.05; done; exit 1"]);
    },
    chain: () => [{ type: "bridge", bridge: "nkdhcp0", ipam: { type: "dhcp" } }],
    prove: (attached) => pingFromContainer(attached),
  },
];
