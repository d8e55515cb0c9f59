import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDebianPackages, fetchCniPlugins } from "@nk/tool-lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CNI_SPEC_VERSIONS, createCni, parseNetworkConfig } from "../../src/index.ts";
import type { Attachment, Cni, CniSpecVersion, NetworkConfig } from "../../src/index.ts";
import { createNetworkSandbox } from "../../src/testing/index.ts";
import type { SandboxContainer } from "../../src/testing/index.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Scenario, Stage } from "./scenarios.ts";

const VERBS = ["VERSION", "ADD", "works", "CHECK", "STATUS", "DEL", "GC"] as const;
type Verb = (typeof VERBS)[number];

/** "ok", "-" where the version of the specification has no such verb, or why not. */
type Row = { [Name in Verb]?: string };

const table: { readonly suite: string; readonly plugin: string; readonly version: string; readonly row: Row }[] = [];

const printTable = (): void => {
  const notes: string[] = [];
  const order = SCENARIOS.map(({ plugin }) => plugin);
  const sorted = table.toSorted(
    (a, b) => (a.suite < b.suite ? -1 : a.suite > b.suite ? 1 : 0) || order.indexOf(a.plugin) - order.indexOf(b.plugin),
  );
  const lines = sorted.map(({ suite, plugin, version, row }) => {
    const cells = VERBS.map((verb) => {
      const cell = row[verb] ?? "-";
      if (cell.length <= 7) return cell.padEnd(8);
      if (!notes.includes(cell)) notes.push(cell);
      return `(${notes.indexOf(cell) + 1})`.padEnd(8);
    });
    return `${suite.padEnd(14)}${plugin.padEnd(12)}${version.padEnd(7)}${cells.join("")}`;
  });
  const title = `${"suite".padEnd(14)}${"plugin".padEnd(12)}${"CNI".padEnd(7)}${VERBS.map((verb) => verb.padEnd(8)).join("")}`;
  process.stdout.write(`\n${[title, ...lines, ...notes.map((note, index) => `(${index + 1}) ${note}`)].join("\n")}\n`);
};

/** The namespaces made, by the path of the process in them. */
const made = new Map<string, string>();

const namespaceAt = (path: string): string | undefined => {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
};

const note = (path: string): void => void made.set(path, namespaceAt(path) ?? "");

/** Whether the kernel has this kind of link; "Unknown device type" when it was built without. */
const hasLinkType = async (stage: Stage, type: string): Promise<boolean> => {
  const link = type === "vlan" ? "link probe0 name probe1 type vlan id 5" : `link probe0 name probe1 type ${type}`;
  const script = `ip link add probe0 type veth peer name probe2 && ip link add ${link}; status=$?; ip link delete probe0; exit $status`;
  return stage.sandbox.exec(["sh", "-c", script]).then(
    () => true,
    (error: Error) => {
      if (!error.message.includes("Unknown device type")) throw error;
      return false;
    },
  );
};

const networkOf = (scenario: Scenario, stage: Stage, cniVersion: CniSpecVersion): NetworkConfig =>
  parseNetworkConfig(JSON.stringify({ cniVersion, name: "peer", plugins: scenario.chain(stage) }));

/** "ok", or what is known to be wrong with the plugin, which must then be wrong in just that way. */
const checkAttachment = async (
  { scenario, suite }: { readonly scenario: Scenario; readonly suite: string },
  check: () => Promise<unknown>,
): Promise<string> => {
  const { knownDefect } = scenario;
  if (knownDefect?.suite !== suite) return check().then(() => "ok");
  await expect(check()).rejects.toThrow(knownDefect.message);
  return knownDefect.note;
};

/** One attachment from its addition to the clean-up, verb by verb. */
const runVerbs = async (options: {
  readonly cni: Cni;
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly version: CniSpecVersion;
  readonly container: SandboxContainer;
  readonly suite: string;
}): Promise<Row> => {
  const { cni, scenario, stage, version, container } = options;
  const network = networkOf(scenario, stage, version);
  const row: Row = { VERSION: "ok" };
  for (const { type } of network.plugins) {
    const supported = await cni.version(type);
    if (!supported.includes(version)) return { VERSION: "ok", ADD: `${type} supports CNI ${supported[0]} to ${supported.at(-1)} only` };
  }
  const containerId = `c-${version}`;
  const attachment: Attachment = { containerId, netns: container.netns, ...scenario.attachment };
  try {
    const result = await cni.add(network, attachment);
    expect(result.cniVersion).toBe(version);
    row.ADD = "ok";
    await scenario.prove({ stage, container, containerId, result });
    row.works = "ok";
    if (version >= "0.4.0") row.CHECK = await checkAttachment(options, () => cni.check(network, attachment));
    if (version >= "1.1.0") row.STATUS = await cni.status(network).then(() => "ok");
  } finally {
    await cni.del(network, { containerId, ifName: attachment.ifName });
    row.DEL = "ok";
  }
  // What is gone must be gone for a second deletion, too, whose namespace is given again because the cache has forgotten it.
  await cni.del(network, attachment);
  if (version >= "1.1.0") row.GC = await cni.gc(network, []).then(() => "ok");
  return row;
};

/** All versions; of a slow plugin only its newest one, unless the long form is asked for. */
const versionsOf = async (cni: Cni, { plugin, isSlow }: Scenario): Promise<readonly CniSpecVersion[]> => {
  if (isSlow !== true || process.env["NK_CNI_LONG"] === "1") return CNI_SPEC_VERSIONS;
  const supported = await cni.version(plugin);
  return CNI_SPEC_VERSIONS.filter((version) => version === supported.at(-1));
};

/** On a kernel that cannot do it, a plugin must say so itself, and its deletion must succeed. */
const refuseKindly = async (options: {
  readonly cni: Cni;
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly suite: string;
}): Promise<void> => {
  const { cni, scenario, stage, suite } = options;
  await stage.sandbox.exec(["ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1"]);
  const container = await stage.sandbox.addContainer();
  note(container.netns);
  const network = networkOf(scenario, stage, "1.0.0");
  const failure = await cni.add(network, { containerId: "c", netns: container.netns }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "plugin-failed", details: { plugin: scenario.plugin } });
  await cni.del(network, { containerId: "c", netns: container.netns });
  const reason = `not on this machine: its kernel has no ${scenario.linkType ?? ""} links, and the plugin says so`;
  table.push({ suite, plugin: scenario.plugin, version: "1.0.0", row: { VERSION: "ok", ADD: reason, DEL: "ok" } });
};

const suites: { [name: string]: string } = { "Debian 12": "/usr/lib/cni", "Debian sid": "" };
let dir = "";

beforeAll(async () => {
  await ensureDebianPackages(["containernetworking-plugins", "iptables", "iproute2", "busybox-static"]);
  suites["Debian sid"] = await fetchCniPlugins();
  dir = await mkdtemp(join(tmpdir(), "nk-cni-peer-"));
});
afterAll(async () => {
  printTable();
  await rm(dir, { recursive: true, force: true });
});

describe.each(Object.keys(suites))("the plugins of %s", (suite) => {
  it.concurrent.each(SCENARIOS.map((scenario) => [scenario.plugin, scenario] as const))(
    "%s works in every version it supports and leaves nothing behind",
    async (plugin, scenario) => {
      const pluginDir = suites[suite] ?? "";
      await using sandbox = await createNetworkSandbox();
      await using stops = new AsyncDisposableStack();
      const place = await mkdtemp(join(dir, `${plugin}-`));
      const [cacheDir, dataDir] = [join(place, "cache"), join(place, "ipam")];
      const stage: Stage = { sandbox, pluginDir, dataDir, keep: (stop) => stops.defer(stop) };
      const cni = createCni({ pluginDirs: [pluginDir], cacheDir, launcher: sandbox.launcher, timeoutMs: 30_000 });
      note(sandbox.netns);
      if (scenario.linkType !== undefined && !(await hasLinkType(stage, scenario.linkType)))
        return await refuseKindly({ cni, scenario, stage, suite });
      await scenario.setUp?.(stage);
      let standing: readonly string[] | undefined;
      for (const version of await versionsOf(cni, scenario)) {
        const container = await sandbox.addContainer();
        note(container.netns);
        const row = await runVerbs({ cni, scenario, stage, version, container, suite });
        table.push({ suite, plugin, version, row });
        await container.close();
        if (row.DEL === undefined) continue;
        // The first attachment leaves what the plugin shares among all: a bridge with its address, chains. No later one adds to that.
        const now = await sandbox.snapshot();
        expect(now.filter((line) => /veth|c-\d|10\.123\.0\.(?!0\b|1\b|255\b)\d|18080|ifb|bwp/.test(line))).toEqual([]);
        expect(now).toEqual((standing ??= now));
      }
      expect(existsSync(cacheDir) ? await readdir(join(cacheDir, "results")) : []).toEqual([]);
      const kept = existsSync(dataDir) ? await readdir(join(dataDir, "peer")) : [];
      expect(kept.filter((name) => !/^(last_reserved_ip\.\d+|lock)$/.test(name))).toEqual([]);
    },
  );
});

describe("this machine", () => {
  it("has none of the namespaces any more, and none of the links", () => {
    expect(made.size).toBeGreaterThan(100);
    expect([...made].filter(([path, namespace]) => namespaceAt(path) === namespace)).toEqual([]);
    expect(readdirSync("/sys/class/net").filter((name) => /^(nkcni|nkdhcp|wire)/.test(name))).toEqual([]);
  });
});
