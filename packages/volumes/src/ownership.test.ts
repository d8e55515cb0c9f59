import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { VolumeEvent } from "./index.ts";
import { applyVolumeOwnership } from "./ownership.ts";
import type { OwnershipRequest } from "./ownership.ts";
import { createFakeMounts } from "./testing/fake-mounts.ts";

const gid = process.getgid?.() ?? 0;
const ref = { namespace: "ns", name: "p", uid: "u1" };
let dir = "";
let path = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-ownership-"));
  path = join(dir, "u1/volumes/v");
  await mkdir(path, { recursive: true });
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const walks = async (request: Partial<OwnershipRequest>): Promise<number> => {
  const mounts = createFakeMounts();
  await applyVolumeOwnership({ path, gid, readOnly: false, ref, ...request }, { mounts });
  return mounts.calls.length;
};

describe("the pod's group", () => {
  it("gets the volume each time, or only when the directory is not its own yet", async () => {
    await chown(path, -1, gid);
    await chmod(path, 0o2770);
    expect(await walks({})).toBe(1);
    expect(await walks({ policy: "Always" })).toBe(1);
    expect(await walks({ policy: "OnRootMismatch" })).toBe(0);
    expect(await walks({ policy: "OnRootMismatch", gid: gid + 1 })).toBe(1);
    await chmod(path, 0o2750);
    expect(await walks({ policy: "OnRootMismatch" })).toBe(1);
    expect(await walks({ policy: "OnRootMismatch", readOnly: true })).toBe(0);
    await chmod(path, 0o770);
    expect(await walks({ policy: "OnRootMismatch" })).toBe(1);
  });

  it("is waited for, and told of when it takes long", async () => {
    const clock = createFakeClock();
    const events: VolumeEvent[] = [];
    const walk = Promise.withResolvers<void>();
    const changeGroup = async ({ onFile }: { readonly onFile?: () => void }): Promise<void> => {
      for (let file = 0; file < 7; file += 1) onFile?.();
      await walk.promise;
    };
    const done = applyVolumeOwnership(
      { path, gid, readOnly: false, ref },
      { mounts: { changeGroup }, clock, onEvent: (event) => events.push(event) },
    );
    await clock.advance(29_999);
    expect(events).toEqual([]);
    await clock.advance(60_001);
    expect(events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toEqual([
      "Warning VolumePermissionChangeInProgress Setting volume ownership for u1/volumes/v is taking longer than expected, consider using OnRootMismatch - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods",
      "Warning VolumePermissionChangeInProgress Setting volume ownership for u1/volumes/v, processed 7 files.",
    ]);
    walk.resolve();
    await done;
    expect(clock.pendingCount).toBe(0);
  });

  it("that cannot have it is an error", async () => {
    const mounts = createFakeMounts();
    mounts.failures.changeGroup = new Error("EPERM");
    await expect(applyVolumeOwnership({ path, gid, readOnly: false, ref }, { mounts })).rejects.toMatchObject({ code: "ownership" });
  });
});
