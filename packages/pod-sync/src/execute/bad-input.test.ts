import type { Container, Pod, PodSpec } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import type { PodSyncPorts } from "../ports.ts";
import { createFakePorts, samplePod } from "../testing/index.ts";
import type { FakePorts } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();

/** What a pod asks for that cannot be, what the ports say to it, and what its owner is told. */
interface BadInput {
  readonly spec?: Partial<PodSpec>;
  readonly main?: Partial<Container>;
  readonly arrange?: (fake: FakePorts) => void;
  readonly ports?: (fake: FakePorts) => Partial<PodSyncPorts>;
  /** Of the container `main`; absent: it never gets so far. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  readonly event: string;
}

const failImage =
  (code: string, message: string) =>
  (fake: FakePorts): void => {
    fake.image = ({ image }) => {
      if (image === "bad") throw Object.assign(new Error(message), { code });
    };
  };

const failMain =
  (call: "CreateContainer" | "StartContainer", message: string) =>
  (fake: FakePorts): void => {
    fake.runtime.faults = ({ name, target }) => (name === call && target.startsWith("main") ? { error: new Error(message) } : undefined);
  };

const OBJECTS: PodSyncPorts["extras"] = { envObjects: async () => ({ configMaps: new Map(), secrets: new Map([["s", new Map()]]) }) };

const PARSE_ERROR = `couldn't parse image name "UPPER/Case:1": invalid reference format: repository name (Case) must be lowercase`;

const CASES: readonly (readonly [string, BadInput])[] = [
  [
    "a runtime class that does not exist",
    {
      spec: { runtimeClassName: "gone" },
      ports: (fake) => ({
        node: {
          ...fake.ports.node,
          runtimeHandler: async ({ spec }) => {
            if (spec?.runtimeClassName === "gone") throw new Error('runtimeclass.node.k8s.io "gone" not found');
            return { name: "", supportsRecursiveReadOnly: false, userNamespaces: "unsupported" };
          },
        },
      }),
      event: 'FailedCreatePodSandBox Failed to create pod sandbox: runtimeclass.node.k8s.io "gone" not found',
    },
  ],
  [
    "a runtime handler that does not exist",
    {
      arrange: (fake) => {
        let isFirst = true;
        fake.runtime.faults = ({ name }) => {
          const isBad = name === "RunPodSandbox" && isFirst;
          if (name === "RunPodSandbox") isFirst = false;
          return isBad ? { error: new Error('no runtime for "odd" is configured') } : undefined;
        };
      },
      event: 'FailedCreatePodSandBox Failed to create pod sandbox: no runtime for "odd" is configured',
    },
  ],
  [
    "a user that the image does not have",
    {
      arrange: failMain("CreateContainer", "failed to create containerd container: no users found"),
      waiting: { reason: "CreateContainerError", message: "failed to create containerd container: no users found" },
      event: "Failed Error: failed to create containerd container: no users found",
    },
  ],
  [
    "root where none may be",
    {
      spec: { securityContext: { runAsNonRoot: true } },
      waiting: {
        reason: "CreateContainerConfigError",
        message: 'container has runAsNonRoot and image will run as root (pod: "bad_default(uid-bad)", container: main)',
      },
      event: "Failed Error: container has runAsNonRoot and image will run as root",
    },
  ],
  [
    "a ConfigMap that does not exist",
    {
      main: { envFrom: [{ configMapRef: { name: "none" } }] },
      ports: () => ({ extras: OBJECTS }),
      waiting: { reason: "CreateContainerConfigError", message: 'configmap "none" not found' },
      event: 'Failed Error: configmap "none" not found',
    },
  ],
  [
    "a key that a Secret does not have",
    {
      main: { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
      ports: () => ({ extras: OBJECTS }),
      waiting: { reason: "CreateContainerConfigError", message: "couldn't find key k in Secret default/s" },
      event: "Failed Error: couldn't find key k in Secret default/s",
    },
  ],
  [
    "an image name that is none",
    {
      main: { image: "bad" },
      arrange: failImage("InvalidImageName", PARSE_ERROR),
      waiting: { reason: "InvalidImageName", message: PARSE_ERROR },
      event: "Failed Error: InvalidImageName",
    },
  ],
  [
    "an environment that no process can have",
    {
      main: { env: [{ name: "HUGE", value: "x".repeat(1024 * 1024) }] },
      arrange: failMain("StartContainer", "unable to start container process: argument list too long"),
      waiting: { reason: "RunContainerError", message: "unable to start container process: argument list too long" },
      event: "Failed Error: unable to start container process: argument list too long",
    },
  ],
  [
    "a seccomp profile without a name",
    {
      main: { securityContext: { seccompProfile: { type: "Localhost" } } },
      waiting: {
        reason: "CreateContainerConfigError",
        message: "localhostProfile must be set if seccompProfile type is Localhost.",
      },
      event: "Failed Error: localhostProfile must be set if seccompProfile type is Localhost.",
    },
  ],
  [
    "a recursive mount that the runtime cannot make",
    {
      spec: { volumes: [{ name: "v", emptyDir: {} }] },
      main: { volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly: "Enabled" }] },
      waiting: {
        reason: "CreateContainerConfigError",
        message:
          'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime',
      },
      event: "Failed Error: failed to resolve recursive read-only mode",
    },
  ],
];

const podOf = ({ spec, main }: BadInput): Pod =>
  samplePod({ ...spec, containers: [{ name: "main", image: "busybox", ...main }] }, { name: "bad", uid: "uid-bad" });

test.each(CASES)("%s ends as on the reference, and leaves another pod alone", async (_name, bad) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  bad.arrange?.(fake);
  const podSync = createPodSync({ ...fake.ports, ...bad.ports?.(fake) }, { clock, random: () => 0 });
  const neighbour = samplePod({ containers: [{ name: "neighbour", image: "busybox" }] }, { name: "good", uid: "uid-good" });
  const [outcome, other] = await Promise.all([podSync.sync(podOf(bad), { signal }), podSync.sync(neighbour, { signal })]);
  expect(outcome.containerReasons.get("main")).toEqual(bad.waiting);
  expect(outcome.error).toBeDefined();
  expect(outcome.retryAtMs).toBeGreaterThan(clock.nowMs());
  const told = fake.events
    .filter(({ ref, type }) => ref.uid === "uid-bad" && type === "Warning")
    .map(({ reason, message }) => `${reason} ${message}`);
  expect(told).toEqual([expect.stringContaining(bad.event)]);
  expect(other.error).toBeUndefined();
  expect(fake.runtime.find("neighbour").state).toBe("running");
});

test("500 containers are started one after another in one pass", async () => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(fake.ports, { clock, random: () => 0 });
  const names = Array.from({ length: 500 }, (_, index) => `c${index}`);
  const { error } = await podSync.sync(samplePod({ containers: names.map((name) => ({ name, image: "busybox" })) }), { signal });
  expect(error).toBeUndefined();
  expect(fake.runtime.calls.filter((call) => call.startsWith("StartContainer")).map((call) => call.split(" ")[1])).toEqual(names);
});

test("shows the runtime's words about a sandbox or a hook's command as Go's gRPC does, like the reference", async () => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(fake.ports, { clock, random: () => 0 });
  const refused = Object.assign(new Error("call failed"), { code: "deadline-exceeded", details: { runtimeMessage: "too slow" } });
  const failing = new Set(["RunPodSandbox", "ExecSync"]);
  fake.runtime.faults = ({ name }) => (failing.has(name) ? { error: refused } : undefined);
  const lifecycle = { postStart: { exec: { command: ["/no/such"] } } };
  const pod = samplePod({ containers: [{ name: "main", image: "busybox", lifecycle }] });
  await podSync.sync(pod, { signal });
  expect(fake.events.at(-1)?.message).toBe("Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = too slow");
  failing.delete("RunPodSandbox");
  const { containerReasons } = await podSync.sync(pod, { signal });
  expect(containerReasons.get("main")?.message).toContain("failed - error: rpc error: code = DeadlineExceeded desc = too slow, message:");
});
