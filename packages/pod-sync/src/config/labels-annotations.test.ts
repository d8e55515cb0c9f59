import type { Container, ContainerPort, LifecycleHandler, Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeContainerAnnotations, computeSandboxLabels } from "./labels-annotations.ts";
import { containerLogLinkName, containerLogPath, podLogDir } from "./log-paths.ts";
import { computePortMappings } from "./port-mappings.ts";

const ref = { namespace: "ns", name: "web", uid: "u-1" };
const pod: Pod = { metadata: ref, spec: { containers: [] } };
const annotationsOf = (container: Partial<Container>, of: Pod = pod): { readonly [key: string]: string } =>
  computeContainerAnnotations({ pod: of, container: { name: "main", ...container }, restartCount: 0, extra: { "vendor/x": "1" } });

describe("labels", () => {
  it("of a sandbox cannot be forged", () => {
    const labels = computeSandboxLabels({ metadata: { ...ref, labels: { app: "x", "io.kubernetes.pod.uid": "other" } } });
    expect(labels).toEqual({
      app: "x",
      "io.kubernetes.pod.name": "web",
      "io.kubernetes.pod.namespace": "ns",
      "io.kubernetes.pod.uid": "u-1",
    });
  });
});

describe("annotations", () => {
  it("keep both grace periods and what device plugins add", () => {
    const deleted = { metadata: { ...ref, deletionGracePeriodSeconds: 0 }, spec: { containers: [], terminationGracePeriodSeconds: 30 } };
    expect(annotationsOf({}, deleted)).toMatchObject({
      "vendor/x": "1",
      "io.kubernetes.pod.deletionGracePeriod": "0",
      "io.kubernetes.pod.terminationGracePeriod": "30",
    });
  });

  it.each<[LifecycleHandler, string]>([
    [{ exec: { command: ["a", "<&>\u2028"] } }, String.raw`{"exec":{"command":["a","\u003c\u0026\u003e\u2028"]}}`],
    [{ exec: {} }, '{"exec":{}}'],
    [{ sleep: { seconds: 5 } }, '{"sleep":{"seconds":5}}'],
    [{ tcpSocket: { port: "http", host: "h" } }, '{"tcpSocket":{"port":"http","host":"h"}}'],
    [
      { httpGet: { scheme: "HTTP", port: 80, path: "/p", host: "h", httpHeaders: [{ value: "v", name: "n" }] } },
      '{"httpGet":{"path":"/p","port":80,"host":"h","scheme":"HTTP","httpHeaders":[{"name":"n","value":"v"}]}}',
    ],
    [{ httpGet: { port: 80 } }, '{"httpGet":{"port":80}}'],
  ])("spell the preStop hook %j as the reference does", (preStop, json) => {
    expect(annotationsOf({ lifecycle: { preStop } })["io.kubernetes.container.preStopHandler"]).toBe(json);
  });

  it("spell ports as the reference does", () => {
    const ports = [{ hostIP: "::1", protocol: "TCP", containerPort: 1, hostPort: 2, name: "n" }, { containerPort: 3 }];
    expect(annotationsOf({ ports })["io.kubernetes.container.ports"]).toBe(
      '[{"name":"n","hostPort":2,"containerPort":1,"protocol":"TCP","hostIP":"::1"},{"containerPort":3}]',
    );
  });
});

describe("port mappings", () => {
  const mappingsOf = (ports: readonly ContainerPort[]): readonly unknown[] =>
    computePortMappings({ spec: { containers: [{ name: "a", ports }], initContainers: [{ name: "i", ports: [{ containerPort: 9 }] }] } });

  it("are those of app containers, the first of each name", () => {
    expect(
      mappingsOf([
        { name: "x", containerPort: 1 },
        { name: "x", containerPort: 2 },
        { containerPort: 3, protocol: "SCTP" },
      ]),
    ).toEqual([
      { protocol: 0, containerPort: 1, hostPort: 0, hostIp: "" },
      { protocol: 2, containerPort: 3, hostPort: 0, hostIp: "" },
    ]);
  });

  it.each([-1, 65_536, 2 ** 31])("refuse %i, which no port has", (port) => {
    expect(() => mappingsOf([{ containerPort: port }])).toThrow(`port ${port} is not valid`);
    expect(() => mappingsOf([{ containerPort: 1, hostPort: port }])).toThrow(`port ${port} is not valid`);
  });

  it("keep one port on two addresses, and drop it when it is stated twice", () => {
    const port = { containerPort: 1, hostPort: 1 };
    expect(mappingsOf([{ ...port, hostIP: "127.0.0.1" }, { ...port, hostIP: "::1" }, port, port])).toHaveLength(3);
  });
});

describe("log paths", () => {
  it("name the pod, the container and the instance", () => {
    expect([podLogDir("/var/log/pods", ref), containerLogPath("main", 3)]).toEqual(["/var/log/pods/ns_web_u-1", "main/3.log"]);
  });

  it("of links fit into a file name and keep their suffix", () => {
    const short = containerLogLinkName(ref, { name: "main", id: "abc" });
    const long = containerLogLinkName({ ...ref, name: "n".repeat(250) }, { name: "main", id: "f".repeat(64) });
    expect([short, long.length, long.endsWith(".log")]).toEqual(["web_ns_main-abc.log", 255, true]);
  });
});
