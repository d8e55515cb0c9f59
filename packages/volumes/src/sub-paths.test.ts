import { describe, expect, it } from "vitest";
import { bindSubPath } from "./sub-paths.ts";
import { createFakeMounts } from "./testing/fake-mounts.ts";
import { samplePod } from "./testing/sample-pod.ts";

const pod = samplePod({ name: "e", emptyDir: {} });

/** What comes of a sub-path that the mounts bind, or refuse with this error. */
const bind = async (paths: { readonly subPath: string; readonly subPathExpr?: string }, refusal?: Error): Promise<string> => {
  const mounts = createFakeMounts();
  return bindSubPath(
    { pod, containerName: "main", volumeName: "e", volumeHostPath: "/volume", mountIndex: 0, ...paths },
    { rootDir: "/root", mounts: refusal === undefined ? mounts : { ...mounts, bindSubPath: () => Promise.reject(refusal) } },
  );
};

/** The messages of an error and of its causes: what a log shows. */
const textsOf = async (promise: Promise<unknown>): Promise<readonly string[]> => {
  const texts: string[] = [];
  let error = await promise.catch((reason: unknown) => reason);
  for (; error instanceof Error; error = error.cause) texts.push(error.message);
  return texts;
};

describe("a sub-path", () => {
  it("is bound to a place of its own", async () => {
    expect(await bind({ subPath: "a/b" })).toBe("/root/pods/u1/volume-subpaths/e/main/0");
  });

  it.each([
    ["/etc", "error SubPath `/etc` must not be an absolute path"],
    ["a/../../b", "unable to provision SubPath `a/../../b`: must not contain '..'"],
  ])("of %j is refused", async (subPath, text) => {
    await expect(bind({ subPath })).rejects.toMatchObject({ code: "sub-path", message: text });
  });

  it("that cannot be bound says which mount it is for, and why to the log", async () => {
    expect(await textsOf(bind({ subPath: "a" }, new Error("leads outside /secret/place")))).toEqual([
      'failed to prepare subPath for volumeMount "e" of container "main"',
      "leads outside /secret/place",
    ]);
  });

  it("with variables is shown as it was written, because a value may be a Secret's", async () => {
    const subPathExpr = "a/$(KEY)";
    expect(await textsOf(bind({ subPath: "/s3cret", subPathExpr }))).toEqual(["error SubPath `a/$(KEY)` must not be an absolute path"]);
    expect(await textsOf(bind({ subPath: "a/../s3cret", subPathExpr }))).toEqual([
      "unable to provision SubPath `a/$(KEY)`: must not contain '..'",
    ]);
    const cause = Object.assign(new Error("open /volume/s3cret"), { code: "ENOTDIR" });
    const refusal = Object.assign(new Error("opening s3cret failed", { cause }), { code: "tree-failed" });
    expect(await textsOf(bind({ subPath: "s3cret", subPathExpr }, refusal))).toEqual([
      'failed to prepare subPath for volumeMount "e" of container "main"',
      "cannot bind the sub-path a/$(KEY) (tree-failed: ENOTDIR)",
    ]);
  });
});
