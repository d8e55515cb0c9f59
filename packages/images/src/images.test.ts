import { readFileSync } from "node:fs";
import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createImages } from "./images.ts";
import type { ImagesOptions } from "./options.ts";
import type { EnsuredImage, EnsureImageRequest } from "./request.ts";
import type { FakeImageStoreOptions } from "./testing/index.ts";
import { createEventRecorder, createFakeImageStore } from "./testing/index.ts";
import type { ImagesError } from "./errors.ts";
import { isImagesError } from "./errors.ts";
import type { DockerConfig } from "./docker-config.ts";

const pod = { namespace: "rec", name: "p", uid: "u1" };
const MISSING =
  'failed to pull and unpack image "registry.invalid/none:1": failed to resolve image: failed to do request: Head "https://registry.invalid/v2/none/manifests/1": dial tcp: lookup registry.invalid on 10.255.255.53:53: no such host';

const setUp = (fake: FakeImageStoreOptions = {}, options: ImagesOptions = {}, node?: DockerConfig) => {
  const clock = createFakeClock({ startMs: 1_000_000 });
  const store = createFakeImageStore(fake);
  const events = createEventRecorder();
  const logger = createRecordingLogger();
  const metrics = createRecordingMetrics();
  const images = createImages(
    { image: store, events, ...(node && { credentials: { load: () => Promise.resolve(node) } }) },
    { clock, logger, metrics, ...options },
  );
  const ensure = (request: Partial<EnsureImageRequest> = {}, signal?: AbortSignal): Promise<EnsuredImage> =>
    images.ensureImage(
      { image: "r.io/app:1", pullPolicy: "IfNotPresent", pod, containerName: "main", fieldPath: "spec.containers{main}", ...request },
      signal ? { signal } : {},
    );
  const fail = async (request: Partial<EnsureImageRequest> = {}): Promise<ImagesError> => {
    const error: unknown = await ensure(request).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isImagesError(error)) throw new Error("expected an ImagesError", { cause: error });
    return error;
  };
  return { clock, store, events, logger, metrics, images, ensure, fail };
};

const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
};

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

const login = (username: string, password: string, registry = "r.io"): DockerConfig => ({
  entries: [{ registry, auth: { username, password } }],
  problems: [],
});

describe("ensureImage", () => {
  it("takes an image that is there, looking once", async () => {
    const { store, events, ensure } = setUp();
    store.add("busybox:latest", { id: "sha256:1", uid: 0n });
    expect(await ensure({ image: "busybox" })).toEqual({ imageId: "sha256:1", imageRef: "sha256:1", sizeBytes: 1000n, user: { uid: 0n } });
    expect(store.statusCount).toBe(1);
    expect(events.events).toEqual([
      {
        ref: pod,
        fieldPath: "spec.containers{main}",
        type: "Normal",
        reason: "Pulled",
        message: 'Container image "busybox" already present on machine and can be accessed by the pod',
      },
    ]);
  });

  it("pulls a missing image and tells how long it took", async () => {
    const pulling = gate();
    const { store, events, ensure, clock } = setUp({ onPull: () => pulling.promise });
    const ensured = ensure({ image: "busybox", runtimeHandler: "gvisor", annotations: { a: "b" }, sandboxConfig: { hostname: "h" } });
    await settle();
    await clock.advance(1234.9);
    pulling.open();
    expect((await ensured).imageRef).toMatch(/^sha256:/);
    expect(store.pulls).toEqual([
      { image: { image: "busybox:latest", annotations: { a: "b" }, runtimeHandler: "gvisor" }, sandboxConfig: { hostname: "h" } },
    ]);
    expect(store.statusCount).toBe(2);
    expect(events.lines).toEqual([
      'Normal Pulling Pulling image "busybox"',
      'Normal Pulled Successfully pulled image "busybox" in 1.234s (1.234s including waiting). Image size: 1000 bytes.',
    ]);
  });

  it("always pulls under Always, without looking first", async () => {
    const { store, ensure } = setUp();
    store.add("r.io/app:1");
    await ensure({ pullPolicy: "Always" });
    expect([store.pulls.length, store.statusCount]).toEqual([1, 1]);
  });

  it("shows the recorded texts of a missing image (p27), first the error and then the back-off", async () => {
    const image = "registry.invalid/none:1";
    const { events, fail, clock, store } = setUp({ onPull: () => Promise.reject(new Error(MISSING)) });
    const first = await fail({ image });
    expect([first.code, first.message, first.retryAtMs]).toEqual(["ErrImagePull", MISSING, 1_010_000]);
    await clock.advance(9_999);
    const second = await fail({ image });
    expect([second.code, second.message, second.retryAtMs]).toEqual([
      "ImagePullBackOff",
      `Back-off pulling image "${image}": ErrImagePull: ${MISSING}`,
      1_010_000,
    ]);
    await clock.advance(1);
    expect((await fail({ image })).retryAtMs).toBe(1_030_000);
    expect(store.pulls).toHaveLength(2);
    expect(events.lines.slice(0, 3)).toEqual(recordedLines("p27-image-missing", ["Pulling", "Failed", "BackOff"]));
  });

  it("shows the recorded texts of Never (p28)", async () => {
    const { events, fail } = setUp();
    const error = await fail({ image: "docker.io/library/absent:1", pullPolicy: "Never" });
    expect([error.code, error.retryAtMs]).toEqual(["ErrImageNeverPull", undefined]);
    expect(events.lines).toEqual(recordedLines("p28-image-never", ["ErrImageNeverPull"]));
    expect(events.lines[0]).toContain(error.message);
  });

  it("shows the recorded texts of an invalid name (p29)", async () => {
    const { events, fail, store } = setUp();
    const error = await fail({ image: "UPPER/Case:1" });
    expect(error.code).toBe("InvalidImageName");
    expect(events.lines).toEqual(recordedLines("p29-invalid-image-name", ["InspectFailed"]));
    expect(events.lines[0]).toContain(error.message);
    expect(store.statusCount).toBe(0);
  });

  it.each([
    ["RegistryUnavailable: down", "RegistryUnavailable", "image pull failed for r.io/app:1 because the registry is unavailable: down"],
    ["SignatureValidationFailed", "SignatureValidationFailed", "image pull failed for r.io/app:1 because the signature validation failed"],
  ])("gives %s a reason of its own", async (message, code, text) => {
    const { fail } = setUp({ onPull: () => Promise.reject(new Error(message)) });
    const error = await fail();
    expect([error.code, error.message]).toEqual([code, text]);
    expect((await fail()).message).toBe(`Back-off pulling image "r.io/app:1": ${code}: ${text}`);
  });

  it("reports a runtime that cannot be asked", async () => {
    const { fail, events } = setUp({ onStatus: () => Promise.reject(new Error("no runtime")) });
    const error = await fail();
    expect([error.code, error.retryAtMs]).toEqual(["ImageInspectError", 1_010_000]);
    expect(events.lines).toEqual(['Warning InspectFailed Failed to inspect image "r.io/app:1": no runtime']);
  });

  it("prefers the status details of a gRPC error to its message", async () => {
    const { fail } = setUp({ onPull: () => Promise.reject(Object.assign(new Error("2 UNKNOWN: bad"), { details: "bad" })) });
    expect((await fail()).message).toBe("bad");
  });
});

const recordedLines = (name: string, reasons: readonly string[]): string[] => {
  const file = new URL(`../test/fixtures/${name}.events.json`, import.meta.url);
  const events = JSON.parse(readFileSync(file, "utf8")) as { type: string; reason: string; message: string }[];
  return events
    .filter(({ reason, message }) => reasons.includes(reason) && !message.startsWith("Error: "))
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
};

describe("logins", () => {
  it("are tried in order until one works, the pod's before the node's", async () => {
    const required = { "r.io/app:1": { username: "node", password: "right" } };
    const { store, ensure } = setUp({ required }, {}, login("node", "right"));
    await ensure({ pullSecrets: [login("pod", "wrong")] });
    expect(store.pulls.map((pull) => pull.auth?.username)).toEqual(["pod", "node"]);
  });

  it("never show in an error, an event or a log", async () => {
    const onPull = (): Promise<void> => Promise.reject(new Error("denied for hunter2 at https://bob:s3cr3t@r.io/ token dG9rZW4tdmFsdWU="));
    const secrets: DockerConfig = {
      entries: [
        { registry: "r.io", auth: { username: "bob", password: "hunter2" } },
        { registry: "r.io", auth: { identityToken: "dG9rZW4tdmFsdWU=" } },
      ],
      problems: [],
    };
    const { fail, events, logger } = setUp({ onPull });
    const error = await fail({ pullSecrets: [secrets] });
    const seen = [error.message, error.stack, JSON.stringify(error), JSON.stringify(events.events), JSON.stringify(logger)].join();
    for (const secret of ["hunter2", "s3cr3t", "dG9rZW4tdmFsdWU="]) expect(seen).not.toContain(secret);
    expect(error.message).toBe("denied for [redacted] at https://[redacted]@r.io/ token [redacted]");
  });

  it("do not show the rest of one of which another is a part", async () => {
    const onPull = (): Promise<void> => Promise.reject(new Error("denied for hunter2-and-more"));
    const { fail } = setUp({ onPull });
    const error = await fail({ pullSecrets: [login("u", "hunter2"), login("u", "hunter2-and-more")] });
    expect(error.message).toBe("denied for [redacted]");
  });

  it("that are new end the back-off at once", async () => {
    const required = { "r.io/app:1": { username: "u", password: "new" } };
    const { fail, ensure } = setUp({ required });
    expect((await fail({ pullSecrets: [login("u", "old")] })).code).toBe("ErrImagePull");
    expect((await fail({ pullSecrets: [login("u", "old")] })).code).toBe("ImagePullBackOff");
    await ensure({ pullSecrets: [login("u", "new")] });
  });

  it("that cannot be read are done without", async () => {
    const store = createFakeImageStore();
    const images = createImages({
      image: store,
      events: createEventRecorder(),
      credentials: { load: () => Promise.reject(new Error("x")) },
    });
    await images.ensureImage({ image: "a", pullPolicy: "Always", pod, containerName: "c" });
    expect(store.pulls[0]).not.toHaveProperty("auth");
  });
});

describe("pulls at the same time", () => {
  it("are one when image and logins are equal", async () => {
    const pulling = gate();
    const { store, ensure, events } = setUp({ onPull: () => pulling.promise });
    const all = [ensure(), ensure({ pod: { ...pod, uid: "u2" } }), ensure({ pullSecrets: [login("u", "p")] })];
    await settle();
    expect(store.pulls).toHaveLength(2);
    pulling.open();
    await Promise.all(all);
    expect(events.lines.filter((line) => line.includes("Successfully"))).toHaveLength(3);
  });

  it("go on when one of two callers leaves, and end when the last one does", async () => {
    const signals: AbortSignal[] = [];
    const onPull: FakeImageStoreOptions["onPull"] = (_request, signal) => {
      if (signal) signals.push(signal);
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("cancelled"))));
    };
    const { ensure, events, clock } = setUp({ onPull });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = ensure({}, first.signal);
    const two = ensure({ pod: { ...pod, uid: "u2" } }, second.signal);
    await settle();
    first.abort(new Error("first left"));
    await expect(one).rejects.toThrow("first left");
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
    second.abort(new Error("second left"));
    await expect(two).rejects.toThrow("second left");
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(events.lines.filter((line) => line.startsWith("Warning"))).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });

  it("are no more than the bound", async () => {
    const pulling = gate();
    const { store, ensure } = setUp({ onPull: () => pulling.promise }, { maxParallelPulls: 2 });
    const all = ["a", "b", "c"].map((image) => ensure({ image }));
    await settle();
    expect(store.pulls).toHaveLength(2);
    pulling.open();
    await Promise.all(all);
    expect(store.pulls).toHaveLength(3);
  });

  it("fail above the rate, as in the reference", async () => {
    const { ensure, fail } = setUp({}, { pullQps: 1, pullBurst: 1 });
    await ensure({ image: "a" });
    const error = await fail({ image: "b" });
    expect([error.code, error.message]).toEqual(["ErrImagePull", "pull QPS exceeded"]);
  });

  it("end at the time limit, where one is set", async () => {
    const onPull: FakeImageStoreOptions["onPull"] = (_request, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    const { fail, clock } = setUp({ onPull }, { pullTimeoutMs: 60_000 });
    const failed = fail();
    await settle();
    await clock.advance(60_000);
    expect((await failed).code).toBe("ErrImagePull");
  });
});

describe("metrics", () => {
  it("have the reference's names and labels", async () => {
    const { ensure, metrics } = setUp();
    await ensure();
    await ensure();
    await ensure({ pullPolicy: "Always" });
    const ensured = (pull_policy: string, present_locally: string, pull_required: string): number =>
      metrics.value("kubelet_image_manager_ensure_image_requests_total", { pull_policy, present_locally, pull_required });
    expect([
      ensured("ifnotpresent", "false", "true"),
      ensured("ifnotpresent", "true", "false"),
      ensured("always", "unknown", "true"),
    ]).toEqual([1, 1, 1]);
    expect(metrics.observations("kubelet_image_pull_duration_seconds", { image_size_in_bytes: "0-10MB" })).toEqual([0, 0]);
  });

  it("say that nobody knows whether an image had to be pulled that may not be", async () => {
    const { fail, metrics } = setUp();
    await fail({ pullPolicy: "Never" });
    const labels = { pull_policy: "never", present_locally: "false", pull_required: "unknown" };
    expect(metrics.value("kubelet_image_manager_ensure_image_requests_total", labels)).toBe(1);
  });

  it("tell when a pod's pull begins and ends, failed ones too", async () => {
    const told: string[] = [];
    const onPulling = ({ uid }: { readonly uid: string }): (() => void) => {
      told.push(`begins ${uid}`);
      return () => void told.push(`ends ${uid}`);
    };
    const onPull: FakeImageStoreOptions["onPull"] = ({ image }) => {
      told.push(image.image);
      return image.image === "bad:1" ? Promise.reject(new Error("no")) : Promise.resolve();
    };
    const { ensure, fail } = setUp({ onPull }, { onPulling });
    await ensure({ image: "good:1" });
    await ensure({ image: "good:1" });
    await fail({ image: "bad:1" });
    expect(told).toEqual(["begins u1", "good:1", "ends u1", "begins u1", "bad:1", "ends u1"]);
  });
});
