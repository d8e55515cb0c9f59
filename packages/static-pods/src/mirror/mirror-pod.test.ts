import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { readManifest } from "../manifest.ts";
import { buildMirrorPod } from "./mirror-pod.ts";

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, "../../test/fixtures", name), "utf8");
const recorded = JSON.parse(fixture("mirror-pod.json")) as Pod;
const origin = { source: "file", location: "/m/static-web.yaml", nodeName: "node-1", seenMs: 0 } as const;

const staticWeb = (): Pod => {
  const { pods, problems } = readManifest(fixture("static-web.yaml"), origin);
  const [pod] = pods;
  if (pod === undefined) throw new Error(`the manifest is refused: ${JSON.stringify(problems)}`);
  return pod;
};

const nodeUid = recorded.metadata?.ownerReferences?.[0]?.uid ?? "";

describe("a mirror pod", () => {
  it("is, field by field, what the reference makes of the same manifest", () => {
    const mirror = buildMirrorPod(staticWeb(), { name: "node-1", uid: nodeUid });
    // Filled in by the API server: names of the object's version, the priority of its class, the status.
    const { metadata = {}, spec, status: _status, ...object } = recorded;
    const { uid: _uid, resourceVersion: _version, generation: _generation, creationTimestamp: _created, ...given } = metadata;
    const { priority: _priority, preemptionPolicy: _preemption, ...wanted } = spec ?? {};
    const hash = mirror.metadata?.annotations?.["kubernetes.io/config.hash"] ?? "";
    // The reference's hash is one of a dump of Go structures.
    const annotations = {
      "kubernetes.io/config.hash": hash,
      "kubernetes.io/config.mirror": hash,
      "kubernetes.io/config.seen": "1970-01-01T00:00:00.000000000Z",
      "kubernetes.io/config.source": "file",
    };
    expect(Object.keys(given.annotations ?? {}).toSorted()).toEqual(Object.keys(annotations).toSorted());
    expect(mirror).toEqual({ ...object, metadata: { ...given, annotations }, spec: wanted });
  });

  it("does not send what the API server fills in, and is nobody else's", () => {
    const pod = staticWeb();
    const owned = { ...pod, metadata: { ...pod.metadata, ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: "x" }] } };
    const mirror = buildMirrorPod(owned, { name: "node-1", uid: "n" });
    expect(mirror.metadata?.uid).toBeUndefined();
    expect(mirror.status).toBeUndefined();
    expect(mirror.metadata?.ownerReferences).toEqual([{ apiVersion: "v1", kind: "Node", name: "node-1", uid: "n", controller: true }]);
  });
});
