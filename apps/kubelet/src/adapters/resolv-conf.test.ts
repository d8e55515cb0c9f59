import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readLimited, reportResolvConf } from "./resolv-conf.ts";

it.each<[string, string | undefined, string | undefined]>([
  ["fits", "search a b\n", undefined],
  ["has too many domains", `search ${Array.from({ length: 30 }, (_, index) => `d${index}`).join(" ")}\n`, "more than 29 domains!"],
  ["is not there", undefined, "ENOENT"],
])("tells the node once of a resolv.conf that %s", async (_name, content, why) => {
  const dir = await mkdtemp(join(tmpdir(), "nk-resolv-"));
  try {
    const path = join(dir, "resolv.conf");
    if (content !== undefined) await writeFile(path, content);
    const told: string[] = [];
    await reportResolvConf(
      { resolvConf: path, clusterDomain: "cluster.local" },
      { recordNode: ({ type, reason, message }) => told.push(`${type} ${reason} ${message}`) },
    );
    await reportResolvConf({ resolvConf: "", clusterDomain: "" }, { recordNode: () => told.push("nothing is read") });
    expect(told).toEqual(why === undefined ? [] : [expect.stringMatching(new RegExp(`^Warning CheckLimitsForResolvConf .*${why}`))]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

it("reads nothing from a device, and does not wait for a pipe", async () => {
  const dir = await mkdtemp(join(tmpdir(), "nk-resolv-"));
  try {
    execFileSync("mkfifo", [join(dir, "pipe")]);
    await expect(readLimited(join(dir, "pipe"))).rejects.toThrow("is not a regular file");
    expect(await readLimited("/dev/zero")).toBe("");
  } finally {
    await rm(dir, { recursive: true });
  }
});
