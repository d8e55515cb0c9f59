import { afterAll, expect, it } from "vitest";
import { LAB_IMAGES, startLab, startRegistry } from "../../src/index.ts";
import type { ContainerdVersion } from "../../src/index.ts";
import { pullImage } from "../cri-messages.ts";

const auth = { username: "robot", password: "s3cret" };
const open = await startRegistry({ yes: true });
const closed = await startRegistry({ yes: true, auth });
afterAll(() => Promise.all([open.close(), closed.close()]));

it.each<ContainerdVersion>(["1.6", "2.1"])(
  "lets containerd %s pull over plain http, with a password where one is asked for",
  async (containerd) => {
    await using lab = await startLab({ containerd, yes: true });
    await lab.trustRegistry(open.address);
    await lab.trustRegistry(closed.address);
    const free = await open.push({ image: LAB_IMAGES.busybox, as: "team/free:v1" });
    const guarded = await closed.push({ image: LAB_IMAGES.busyboxNumeric, as: "team/guarded:v1" });
    expect(await pullImage(lab, free)).toContain("sha256:");
    await expect(pullImage(lab, guarded)).rejects.toThrow(/authorization failed|no basic auth|401/);
    expect(await pullImage(lab, guarded, auth)).toContain("sha256:");
  },
);
