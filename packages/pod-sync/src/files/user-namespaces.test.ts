import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openUserNamespaces } from "./user-namespaces.ts";
import type { UserNamespaces, UserNamespacesOptions } from "./user-namespaces.ts";

let rootDir = "";
beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), "nk-userns-"));
});
afterEach(() => rm(rootDir, { recursive: true, force: true }));

const openWith = (options: Partial<UserNamespacesOptions> = {}): Promise<UserNamespaces> =>
  openUserNamespaces({ rootDir, maxPods: 3, ...options });

const record = async (uid: string, content: string): Promise<void> => {
  await mkdir(join(rootDir, "pods", uid), { recursive: true });
  await writeFile(join(rootDir, "pods", uid, "userns"), content);
};

const mapping = (hostId: number, length = 65_536) => ({
  uids: [{ hostId, containerId: 0, length }],
  gids: [{ hostId, containerId: 0, length }],
});

const stored = (hostId: number, length = 65_536): string => {
  const ids = [{ hostId, containerId: 0, length }];
  return JSON.stringify({ uidMappings: ids, gidMappings: ids });
};

const THREE = { firstId: 65_536, count: 3 * 65_536 };

describe("openUserNamespaces", () => {
  it("gives each pod a range of its own and records it in the reference's format", async () => {
    const namespaces = await openWith();
    expect(await namespaces.ensure("a")).toEqual(mapping(65_536));
    expect(await namespaces.ensure("b")).toEqual(mapping(2 * 65_536));
    expect(await namespaces.ensure("a")).toEqual(mapping(65_536));
    expect(JSON.parse(await readFile(join(rootDir, "pods/b/userns"), "utf8"))).toEqual({
      uidMappings: [{ hostId: 131_072, containerId: 0, length: 65_536 }],
      gidMappings: [{ hostId: 131_072, containerId: 0, length: 65_536 }],
    });
  });

  it("goes on after a restart with what is recorded, also by the reference", async () => {
    await record(
      "a",
      '{"uidMappings":[{"hostId":131072,"containerId":0,"length":65536}],"gidMappings":[{"hostId":131072,"containerId":0,"length":65536}]}',
    );
    await mkdir(join(rootDir, "pods/without"), { recursive: true });
    const namespaces = await openWith({ hostIds: THREE });
    const others = [await namespaces.ensure("b"), await namespaces.ensure("c")];
    expect(await namespaces.ensure("a")).toEqual(mapping(131_072));
    expect(others).toEqual(expect.arrayContaining([mapping(65_536), mapping(3 * 65_536)]));
  });

  it("keeps a recorded range of another length, and gives nobody a part of it", async () => {
    await record("old", stored(327_680, 65_536));
    const namespaces = await openWith({ idsPerPod: 131_072, hostIds: { firstId: 131_072, count: 3 * 131_072 } });
    expect(await namespaces.ensure("old")).toEqual(mapping(327_680, 65_536));
    expect(await namespaces.ensure("new")).toEqual(mapping(393_216, 131_072));
  });

  it("gives a range back once its pod is gone, and lets it rest", async () => {
    const namespaces = await openWith({ hostIds: THREE });
    await namespaces.ensure("a");
    await namespaces.release("a");
    await expect(readFile(join(rootDir, "pods/a/userns"))).rejects.toThrow("ENOENT");
    expect(await namespaces.ensure("b")).toEqual(mapping(2 * 65_536));
    expect(await namespaces.ensure("c")).toEqual(mapping(3 * 65_536));
    expect(await namespaces.ensure("d")).toEqual(mapping(65_536));
    await namespaces.release("nobody");
  });

  it("refuses a pod when no range is left, and only that one", async () => {
    const namespaces = await openWith({ hostIds: THREE });
    await Promise.all(["a", "b", "c"].map((uid) => namespaces.ensure(uid)));
    await expect(namespaces.ensure("d")).rejects.toThrow("could not find an empty slot to allocate a user namespace");
    await namespaces.release("b");
    expect(await namespaces.ensure("d")).toEqual(mapping(2 * 65_536));
  });

  it("frees the range again when it cannot be recorded", async () => {
    await mkdir(join(rootDir, "pods"));
    await writeFile(join(rootDir, "pods/a"), "in the way");
    const namespaces = await openWith({ hostIds: THREE });
    await expect(namespaces.ensure("a")).rejects.toThrow("EEXIST");
    for (const uid of ["b", "c", "d"]) await namespaces.ensure(uid);
  });

  it("refuses a UID that leads out of the pods' directory", async () => {
    await expect((await openWith()).ensure("../../etc")).rejects.toThrow("cannot be a file name");
  });

  it.each([
    ["no JSON", "{", "invalid user namespace mappings file"],
    ["no object", "1", "invalid user namespace mappings file"],
    ["no mapping", "{}", "no more than one mapping allowed"],
    ["two mappings", JSON.stringify({ uidMappings: [{}, {}], gidMappings: [{}, {}] }), "no more than one mapping allowed"],
    ["different groups", stored(65_536).replace('"hostId":65536', '"hostId":131072'), "GID and UID mappings should be identical"],
    ["no root", stored(65_536).replaceAll('"containerId":0', '"containerId":1'), "UID 0 must be mapped"],
    ["nothing", stored(65_536, 0), "wrong user namespace length 0"],
    ["the host's own users", stored(0), "id 0 is out of range"],
    ["more than there are", stored(4_294_901_760, 131_072), "id 4294901760 is out of range"],
    ["no number", stored(65_536).replaceAll("65536,", '"x",'), 'id "x" is out of range'],
    ["another pod's range", stored(65_536), 'range picked for pod "broken" already taken'],
  ])("trusts no record that maps %s: its pod waits, and new pods do until it is gone", async (_name, content, why) => {
    await record("a", stored(65_536));
    await record("broken", content);
    const namespaces = await openWith();
    await expect(namespaces.ensure("broken")).rejects.toThrow(why);
    await expect(namespaces.ensure("new")).rejects.toThrow("what pod broken has is not known");
    expect(await namespaces.ensure("a")).toEqual(mapping(65_536));
    await namespaces.release("broken");
    expect(await namespaces.ensure("new")).not.toEqual(mapping(65_536));
  });

  it.each<[Partial<UserNamespacesOptions>, string]>([
    [{ idsPerPod: 1000 }, "kubelet user namespace length 1000 is not a multiple of 65536"],
    [{ hostIds: { firstId: 1, count: 65_536 } }, "kubelet user assigned ID 1 is not a multiple of 65536"],
    [{ hostIds: { firstId: 0, count: 65_536 } }, "kubelet user assigned ID 0 must be greater or equal to 65536"],
    [{ hostIds: { firstId: 65_536, count: 100_000 } }, "kubelet user assigned IDs length 100000 is not a multiple of 65536"],
    [{ hostIds: { firstId: 65_536, count: 65_536 } }, "kubelet user assigned IDs are not enough to support 3 pods"],
  ])("refuses the options %j", async (options, why) => {
    await expect(openWith(options)).rejects.toThrow(why);
  });

  it("never gives one id to two pods, whatever comes, goes and restarts", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant("ensure" as const), uid: fc.integer({ min: 0, max: 7 }) }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant("release" as const), uid: fc.integer({ min: 0, max: 7 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const), uid: fc.constant(0) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await rm(join(rootDir, "pods"), { recursive: true, force: true });
        const options = { hostIds: { firstId: 65_536, count: 5 * 65_536 } };
        let namespaces = await openWith(options);
        const held = new Map<number, number>();
        for (const { type, uid } of steps) {
          if (type === "restart") namespaces = await openWith(options);
          else if (type === "release") {
            await namespaces.release(`${uid}`);
            held.delete(uid);
          } else if (held.size < 5 || held.has(uid)) {
            const first = (await namespaces.ensure(`${uid}`)).uids[0]?.hostId ?? 0;
            expect(held.get(uid) ?? first).toBe(first);
            held.set(uid, first);
          } else await expect(namespaces.ensure(`${uid}`)).rejects.toThrow("empty slot");
          expect(new Set(held.values()).size).toBe(held.size);
        }
      }),
      { numRuns: 30 },
    );
  });
});
