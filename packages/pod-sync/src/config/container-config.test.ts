import { Signal } from "@nk/cri-api";
import { applyPodDefaults } from "@nk/pod-model";
import type { Container, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { recordedNode } from "../../test/recordings/node.ts";
import { buildContainerConfig } from "./container-config.ts";
import type { ContainerConfigInput } from "./container-config.ts";
import { isConfigRejectedError } from "./reject.ts";

const inputFor = (
  container: Partial<Container>,
  rest: Partial<ContainerConfigInput> = {},
  spec: Partial<PodSpec> = {},
): ContainerConfigInput => {
  const pod = applyPodDefaults({
    metadata: { name: "web", namespace: "ns", uid: "u-1" },
    spec: { containers: [{ name: "main", image: "img:1", ...container }], ...spec },
  });
  return {
    pod,
    container: pod.spec?.containers[0] ?? { name: "" },
    restartCount: 2,
    imageId: "sha256:1",
    imageUser: {},
    podIps: ["10.0.0.1"],
    mounts: [],
    etcHostsPath: "/pod/etc-hosts",
    terminationLogPath: "/pod/log",
    node: { ...recordedNode, services: [] },
    ...rest,
  };
};

describe("container configuration", () => {
  it("expands command and arguments by the container's environment", () => {
    const config = buildContainerConfig(inputFor({ command: ["$(A)", "$$(A)"], args: ["$(Z)"], env: [{ name: "A", value: "1" }] }));
    expect([config.command, config.args]).toEqual([["1", "$(A)"], ["$(Z)"]]);
  });

  it("is refused when command and arguments stand for more than any runtime takes", () => {
    const env = [{ name: "A", value: "x".repeat(1_000_000) }];
    const built = (args: readonly string[]): unknown => buildContainerConfig(inputFor({ command: ["$(A)"], args, env }));
    expect(built(["$(A)"])).toMatchObject({ envs: [{ key: "A" }] });
    expect(() => built(["$(A)".repeat(20)])).toThrow("command and args are longer than 16777216 bytes after variables were expanded");
  });

  it("is of the instance that the restart count says", () => {
    const config = buildContainerConfig(inputFor({}));
    expect([config.metadata, config.logPath, config.annotations["io.kubernetes.container.restartCount"]]).toEqual([
      { name: "main", attempt: 2 },
      "main/2.log",
      "2",
    ]);
  });

  it("hands on terminal, working directory and stop signal", () => {
    const config = buildContainerConfig(
      inputFor({ tty: true, stdin: true, stdinOnce: true, workingDir: "/w", lifecycle: { stopSignal: "SIGUSR1" } }),
    );
    expect(config).toMatchObject({ tty: true, stdin: true, stdinOnce: true, workingDir: "/w", stopSignal: Signal.SIGUSR1 });
  });

  it.each([
    ["SIGRTMIN+15", Signal.SIGRTMINPLUS15],
    ["SIGRTMAX-1", Signal.SIGRTMAXMINUS1],
    ["SIGRTMAX", Signal.SIGRTMAX],
    ["SIGNONE", Signal.RUNTIME_DEFAULT],
    ["constructor", Signal.RUNTIME_DEFAULT],
  ])("knows signal %s by the name that Kubernetes gives it", (stopSignal, signal) =>
    expect(buildContainerConfig(inputFor({ lifecycle: { stopSignal } })).stopSignal).toBe(signal),
  );

  it("leaves out the hosts file while the pod has no address, but not on the host network", () => {
    const pathsOf = (spec: Partial<PodSpec>): readonly string[] =>
      buildContainerConfig(inputFor({}, { podIps: [] }, spec)).mounts.map(({ containerPath }) => containerPath);
    expect([pathsOf({}), pathsOf({ hostNetwork: true })]).toEqual([["/dev/termination-log"], ["/etc/hosts", "/dev/termination-log"]]);
  });

  it("adds what devices and CPU managers give", () => {
    const device = { containerPath: "/dev/x", hostPath: "/dev/x", permissions: "rw" };
    const block = { containerPath: "/dev/b", hostPath: "/b", permissions: "mrw" };
    const devices = {
      envs: { A: "device", B: "device" },
      devices: [device],
      cdiDeviceNames: ["v/c=d"],
      annotations: { x: "y" },
      cpusetCpus: "1-2",
      cpusetMems: "0",
      hasExclusiveCpus: true,
    };
    const config = buildContainerConfig(inputFor({ env: [{ name: "A", value: "own" }] }, { devices, blockDevices: [block] }));
    expect(config).toMatchObject({
      envs: [
        { key: "A", value: "own" },
        { key: "B", value: "device" },
      ],
      devices: [device, block],
      CDIDevices: [{ name: "v/c=d" }],
      annotations: { x: "y" },
      linux: { resources: { cpusetCpus: "1-2", cpusetMems: "0", cpuQuota: -1n } },
    });
  });

  it("refuses what the pod must not do, with the reason to show", () => {
    const input = inputFor({ securityContext: { runAsNonRoot: true } }, { imageUser: { uid: 0n } });
    let caught: unknown;
    try {
      buildContainerConfig(input);
    } catch (error) {
      caught = error;
    }
    expect(isConfigRejectedError(caught) && caught.message).toBe(
      'container has runAsNonRoot and image will run as root (pod: "web_ns(u-1)", container: main)',
    );
  });
});
