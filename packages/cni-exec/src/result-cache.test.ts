import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createResultCache, formatCacheEntry, parseCacheEntry } from "./result-cache.ts";
import type { CachedAttachment } from "./result-cache.ts";
import { parseResult } from "./result.ts";

const fixtures = join(import.meta.dirname, "../test/fixtures/libcni-results");

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-cache-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const entry = (changes: Partial<CachedAttachment> = {}): CachedAttachment => ({
  networkName: "net",
  containerId: "c1",
  ifName: "eth0",
  netns: "/run/netns/blue",
  configText: '{"name":"net"}\n',
  args: [],
  capabilityArgs: {},
  result: parseResult({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.5/16" }] }),
  ...changes,
});
const key = { networkName: "net", containerId: "c1", ifName: "eth0" };

describe("the result cache", () => {
  it.each(["containerd-1.6", "containerd-2.1"])(
    "reads files that the libcni of %s wrote, and writes them again byte for byte",
    async (folder) => {
      const names = await readdir(join(fixtures, folder));
      expect(names.map((name) => name.replace(/-[0-9a-f]{64}-/, " ")).toSorted()).toEqual(["cni-loopback lo", "nk-lab-3 eth0"]);
      for (const name of names) {
        const text = await readFile(join(fixtures, folder, name), "utf8");
        const cached = parseCacheEntry(text, key);
        expect(`${cached.networkName}-${cached.containerId}-${cached.ifName}`).toBe(name);
        // Libcni 1.1 wrote an empty dns in results of 1.0 too; later ones, as this package, do not.
        const expected = cached.result.cniVersion === "1.0.0" ? text.replace('"dns":{},', "") : text;
        expect(formatCacheEntry(cached)).toBe(expected);
        if (folder === "containerd-2.1") expect(formatCacheEntry(cached)).toBe(text);
      }
    },
  );

  it("has libcni's file names, order of fields and permissions", async () => {
    const cache = createResultCache(dir);
    await cache.write(
      entry({
        args: [["IgnoreUnknown", "1"]],
        capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80 }], aliases: ["<db>"] },
      }),
    );
    const path = join(dir, "results/net-c1-eth0");
    expect(await readFile(path, "utf8")).toBe(
      '{"kind":"cniCacheV1","containerId":"c1","config":"eyJuYW1lIjoibmV0In0K","ifName":"eth0","networkName":"net","netns":"/run/netns/blue",' +
        '"cniArgs":[["IgnoreUnknown","1"]],"capabilityArgs":{"aliases":["\\u003cdb\\u003e"],"portMappings":[{"hostPort":8080,"containerPort":80}]},' +
        '"result":{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.5/16"}]}}',
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "results"))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dir, "results"))).toEqual(["net-c1-eth0"]);
  });

  it("gives back what was written, and nothing once it is removed, even twice", async () => {
    const cache = createResultCache(dir);
    const written = entry({ args: [["A", "b=c"]], capabilityArgs: { mac: "c2:11:22:33:44:55" } });
    await cache.write(written);
    expect(await cache.read(key)).toEqual(written);
    await cache.remove(key);
    await cache.remove(key);
    expect(await cache.read(key)).toBeUndefined();
  });

  it("reads the bare result that libcni wrote before 0.8", async () => {
    const cached = parseCacheEntry('{"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.1.0.5/16"}]}', key);
    expect(cached).toMatchObject({ ...key, netns: "", configText: "", result: { cniVersion: "0.3.1", ips: [{ address: "10.1.0.5/16" }] } });
  });

  it.each([
    ['{"kind":"cniCacheV2"}', "cache-failed", /unknown kind "cniCacheV2"/],
    ['{"kind":"cniCacheV1","containerId":5}', "cache-failed", /containerId must be a string/],
    ['{"kind":"cniCacheV1","result":{"cniVersion":"1.0.0","ips":5}}', "cache-failed", /ips must be a list/],
    ['{"kind":"cniCacheV1","result":{"cniVersion":"9.0.0"}}', "incompatible-version", /newer than/],
    ["{", "cache-failed", /not JSON/],
    ["[]", "cache-failed", /not a JSON object/],
  ])("does not trust a file that reads %s", (text, code, message) =>
    expect(() => parseCacheEntry(text, key)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as Error,
    ),
  );

  it("lists what it can read, all or one container's or network's", async () => {
    const cache = createResultCache(dir);
    expect(await cache.list()).toEqual([]);
    await cache.write(entry({ containerId: "b" }));
    await cache.write(entry({ containerId: "a-b" }));
    await cache.write(entry({ containerId: "b", networkName: "other", ifName: "net1" }));
    await writeFile(join(dir, "results/net-x-eth0"), "broken");
    await writeFile(join(dir, "results/net-y-eth0"), '{"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.5/16"}}');
    const idsOf = async (filter = {}): Promise<readonly string[]> =>
      (await cache.list(filter)).map(({ networkName, containerId, ifName }) => `${networkName} ${containerId} ${ifName}`);
    expect(await idsOf()).toEqual(["net a-b eth0", "net b eth0", "other b net1"]);
    expect(await idsOf({ containerId: "b" })).toEqual(["net b eth0", "other b net1"]);
    expect(await idsOf({ networkName: "net" })).toEqual(["net a-b eth0", "net b eth0"]);
  });

  it("lists nothing that lies under another name: what a killed writer left, a copy, a name that leads elsewhere", async () => {
    const cache = createResultCache(dir);
    await cache.write(entry());
    const text = formatCacheEntry(entry());
    await writeFile(join(dir, "results/.net-c1-eth0.0123456789abcdef.tmp"), text);
    await writeFile(join(dir, "results/net-c1-eth0.bak"), text);
    await writeFile(join(dir, "results/net-c2-eth0"), formatCacheEntry(entry({ containerId: "../../../c2" })));
    expect(await cache.list()).toEqual([entry()]);
  });

  it("does not wait for a pipe, nor read what is too long", async () => {
    const cache = createResultCache(dir);
    await cache.write(entry({ containerId: "c0" }));
    await writeFile(join(dir, "results/net-c1-eth0"), Buffer.alloc((4 << 20) + 1, " "));
    execFileSync("mkfifo", [join(dir, "results/net-c2-eth0")]);
    await expect(cache.read(key)).rejects.toMatchObject({
      code: "cache-failed",
      message: expect.stringContaining("longer than") as unknown,
    });
    await expect(cache.read({ ...key, containerId: "c2" })).rejects.toMatchObject({ code: "cache-failed" });
    expect((await cache.list()).map(({ containerId }) => containerId)).toEqual(["c0"]);
  });

  it("says which file the system refuses", async () => {
    await writeFile(join(dir, "results"), "a file where a directory is wanted");
    const cache = createResultCache(dir);
    await expect(cache.write(entry())).rejects.toMatchObject({ code: "cache-failed", details: { path: join(dir, "results/net-c1-eth0") } });
    await expect(cache.read(key)).rejects.toMatchObject({ code: "cache-failed" });
    await expect(cache.list()).rejects.toMatchObject({ code: "cache-failed", details: { path: join(dir, "results") } });
  });
});
