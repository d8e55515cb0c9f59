import { once } from "node:events";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createSelfSigned } from "@nk/certificates";
import type { Pod } from "@nk/pod-model";
import type { ApiObject, Store } from "../src/contracts.ts";
import { KIND, typed } from "../src/stored-kinds.ts";
import { acceptWebSocket } from "./websocket.ts";

/** A node without containers: pods on it are running at once, and gone as soon as they shall go. Speaks logs and exec. */
export interface FakeNode {
  readonly name: string;
  /** Upgrades its kubelet was asked for: `exec websocket v5.channel.k8s.io`, `exec SPDY/3.1`. */
  readonly upgrades: readonly string[];
  close(): Promise<void>;
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

const conditionsOf = (): readonly object[] =>
  ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => ({
    type,
    status: type === "Ready" ? "True" : "False",
    reason: "KubeletReady",
    message: "all is well",
    lastHeartbeatTime: now(),
    lastTransitionTime: now(),
  }));

const nodeOf = (name: string, port: number, features: readonly string[]): ApiObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
  spec: {},
  status: {
    addresses: [
      { type: "InternalIP", address: "127.0.0.1" },
      { type: "Hostname", address: name },
    ],
    allocatable: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "10Gi" },
    capacity: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "10Gi" },
    conditions: conditionsOf(),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    declaredFeatures: features,
    nodeInfo: {
      architecture: "amd64",
      bootID: "b",
      containerRuntimeVersion: "fake://1.0",
      kernelVersion: "6.1.0",
      kubeletVersion: "v1.36.2",
      kubeProxyVersion: "",
      machineID: "m",
      operatingSystem: "linux",
      osImage: "Test",
      systemUUID: "s",
    },
  },
});

const runningStatus = (pod: Pod): object => {
  const at = now();
  const condition = (type: string): object => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: at });
  return {
    ...pod.status,
    phase: "Running",
    hostIP: "127.0.0.1",
    podIP: "10.9.8.7",
    podIPs: [{ ip: "10.9.8.7" }],
    startTime: at,
    conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = "" }) => ({
      name,
      image,
      imageID: `${image}@sha256:0`,
      containerID: `fake://${name}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
      lastState: {},
    })),
  };
};

/** What a kubelet does to pods, without the containers. */
const runPods = async (store: Store, nodeName: string, signal: AbortSignal): Promise<void> => {
  const { resourceVersion } = store.list(KIND.pods);
  for await (const { type, object } of store.watch(KIND.pods, { resourceVersion, signal })) {
    const pod = typed<Pod>(object);
    if (type === "DELETED" || pod.spec?.nodeName !== nodeName) continue;
    const where = { namespace: pod.metadata?.namespace ?? "", name: pod.metadata?.name ?? "" };
    if (store.get(KIND.pods, where) === undefined) continue;
    if (pod.metadata?.deletionTimestamp !== undefined) store.remove(KIND.pods, where);
    else if (pod.status?.phase !== "Running")
      store.update(KIND.pods, where, (current) => ({ ...current, status: runningStatus(typed<Pod>(current)) }));
  }
};

const serveLog = (request: IncomingMessage, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", "https://x");
  const lines = ["one", "two", "three"].slice(-Number(url.searchParams.get("tailLines") ?? 3));
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.flushHeaders();
  for (const line of lines) response.write(`${line}\n`);
  if (url.searchParams.get("follow") !== "true") response.end();
  else setTimeout(() => response.end("followed\n"), 100);
};

const STDOUT = 1;
const STATUS = 3;
const CLOSE = 255;

const message = (channel: number, text: string): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);

/** `exec` of the protocol v5: says the command, repeats the standard input, and ends well (`fail N`: with that code). */
const serveExec = (upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }): void => {
  const { searchParams } = new URL(upgrade.request.url ?? "/", "https://x");
  const command = searchParams.getAll("command");
  const hasInput = searchParams.get("input") === "1";
  const finish = (): void => {
    const failed = command[0] === "fail";
    const status = failed
      ? {
          status: "Failure",
          reason: "NonZeroExitCode",
          message: "failed",
          details: { causes: [{ reason: "ExitCode", message: command[1] ?? "1" }] },
        }
      : { status: "Success" };
    peer.send(message(STATUS, JSON.stringify({ metadata: {}, ...status })));
    peer.close();
  };
  const peer = acceptWebSocket(upgrade, "v5.channel.k8s.io", (input) => {
    if (input[0] === 0) peer.send(Buffer.concat([Buffer.from([STDOUT]), input.subarray(1)]));
    else if (input[0] === CLOSE) finish();
  });
  peer.send(message(STDOUT, `${command.join(" ")}\n`));
  if (!hasInput) finish();
};

/** Registers a node in the store and answers for its kubelet. */
export const startFakeNode = async (store: Store, name: string, features: readonly string[]): Promise<FakeNode> => {
  const { certificatePem, privateKeyPem } = await createSelfSigned({ host: "127.0.0.1" });
  const upgrades: string[] = [];
  const kubelet = createServer({ cert: certificatePem, key: privateKeyPem, requestCert: true, rejectUnauthorized: false });
  kubelet.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith("/containerLogs/") === true) serveLog(request, response);
    else response.end(`kubelet says ${request.url ?? ""}`);
  });
  kubelet.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const protocols = request.headers["sec-websocket-protocol"] ?? "";
    upgrades.push(`${request.url?.split("/")[1] ?? ""} ${request.headers.upgrade ?? ""} ${protocols}`.trim());
    if (protocols.includes("v5.channel.k8s.io")) serveExec({ request, socket, head });
    else socket.end("HTTP/1.1 501 Not Implemented\r\nContent-Length: 14\r\nConnection: close\r\n\r\nno SPDY in test");
  });
  kubelet.listen(0, "127.0.0.1");
  await once(kubelet, "listening");
  const stop = new AbortController();
  store.create(KIND.nodes, nodeOf(name, (kubelet.address() as AddressInfo).port, features));
  const running = runPods(store, name, stop.signal);
  return {
    name,
    upgrades,
    close: async () => {
      stop.abort();
      await running;
      kubelet.closeAllConnections();
      kubelet.close();
      await once(kubelet, "close");
    },
  };
};
