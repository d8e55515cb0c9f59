import type { NodeRuntimeHandler, Pod, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { findRuntimeHandler, runtimeHandlerOf } from "./runtime-handlers.ts";

const podOf = (runtimeClassName?: string): Pod => ({
  spec: { containers: [], ...(runtimeClassName === undefined ? {} : { runtimeClassName }) },
});

const sources = (handlers: readonly NodeRuntimeHandler[] | undefined) => ({
  findClass: (name: string) => (name === "gone" ? undefined : { handler: name }),
  traits: () => handlers && { handlers },
  traitsKnown: Promise.resolve(),
});

const BOTH = { recursiveReadOnlyMounts: true, userNamespaces: true };

describe("the runtime handler of a pod", () => {
  it.each<[string, Pod, readonly NodeRuntimeHandler[] | undefined, object]>([
    [
      "is the default one",
      podOf(),
      [{ name: "", features: BOTH }],
      { name: "", supportsRecursiveReadOnly: true, userNamespaces: "supported" },
    ],
    ["is its class's", podOf("kata"), [{ name: "kata", features: {} }], { name: "kata", userNamespaces: "unsupported" }],
    [
      "may be told of without features",
      podOf("kata"),
      [{ name: "kata" }],
      { supportsRecursiveReadOnly: false, userNamespaces: "unsupported" },
    ],
    ["may be one that the runtime does not have", podOf("odd"), [{ name: "", features: BOTH }], { name: "odd", userNamespaces: "unknown" }],
    ["can little on a runtime that tells of none", podOf("kata"), [], { supportsRecursiveReadOnly: false, userNamespaces: "unsupported" }],
    [
      "can little while the runtime has not answered",
      podOf(),
      undefined,
      { supportsRecursiveReadOnly: false, userNamespaces: "unsupported" },
    ],
  ])("%s", async (_name, pod, handlers, expected) => {
    expect(await runtimeHandlerOf(sources(handlers))(pod, {})).toMatchObject(expected);
  });

  it.each<[string, Partial<PodSpec>]>([
    ["a user namespace", { hostUsers: false }],
    [
      "a recursive mount",
      { containers: [{ name: "c", volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly: "Enabled" }] }] },
    ],
  ])("is waited for where the pod asks for %s and the runtime has not answered yet", async (_name, spec) => {
    const answered = Promise.withResolvers<void>();
    const said: { handlers: readonly NodeRuntimeHandler[] }[] = [];
    const find = runtimeHandlerOf({ findClass: () => undefined, traits: () => said[0], traitsKnown: answered.promise });
    const stop = new AbortController();
    const stopped = find({ spec: { containers: [], ...spec } }, { signal: stop.signal });
    stop.abort(new Error("stopped"));
    await expect(stopped).rejects.toThrow("stopped");
    const found = find({ spec: { containers: [], ...spec } }, {});
    expect((await find(podOf(), {})).userNamespaces).toBe("unsupported");
    said.push({ handlers: [{ name: "", features: BOTH }] });
    answered.resolve();
    expect(await found).toMatchObject({ supportsRecursiveReadOnly: true, userNamespaces: "supported" });
  });

  it("of a class that does not exist is told of in the reference's words", async () => {
    await expect(runtimeHandlerOf(sources([]))(podOf("gone"), {})).rejects.toThrow('runtimeclass.node.k8s.io "gone" not found');
    expect(findRuntimeHandler(sources([]), podOf("gone"))).toBeUndefined();
  });
});
