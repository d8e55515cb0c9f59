import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, it, onTestFinished } from "vitest";
import { createMirrorPods } from "./mirror-pods.ts";

const staticPod = (hash: string): Pod => ({
  metadata: { name: "web", namespace: "default", uid: hash, annotations: { [CONFIG_ANNOTATIONS.hash]: hash } },
  spec: { containers: [{ name: "main", image: "busybox" }] },
});

it("replaces a mirror whose deletion was refused with a conflict though it is the same one, as an admission webhook may", async () => {
  const clock = createFakeClock();
  const requests: string[] = [];
  let refusals = 1;
  let isThere = true;
  const mirrors = createMirrorPods(
    {
      api: {
        create: (pod) => {
          requests.push(isThere ? "create in vain" : "create");
          return Promise.resolve(
            isThere ? { type: "exists" } : { type: "created", pod: { ...pod, metadata: { ...pod.metadata, uid: "m2" } } },
          );
        },
        delete: ({ uid }) => {
          requests.push(`delete ${uid}`);
          refusals -= 1;
          isThere = refusals >= 0;
          return Promise.resolve(isThere ? "conflict" : "deleted");
        },
      },
      work: { isTerminating: () => false },
    },
    { clock, random: () => 0 },
  );
  const stop = new AbortController();
  const running = mirrors.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });
  mirrors.setNode({ name: "node-1", uid: "n1", isDeleting: false });
  const old = staticPod("h1");
  const annotations = { ...old.metadata?.annotations, [CONFIG_ANNOTATIONS.mirror]: "h1" };
  mirrors.observed({ ...old, metadata: { ...old.metadata, uid: "m1", annotations } });
  mirrors.setStaticPods([staticPod("h2")]);
  await clock.advance(5_000);
  expect(requests).toEqual(["delete m1", "delete m1", "create"]);
});
