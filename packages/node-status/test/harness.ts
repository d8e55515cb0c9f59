import type { Node } from "@nk/pod-model";
import { createFakeClock, createRecordingLogger, createRecordingMetrics, createSeededRandom } from "@nk/stdx/testing";
import { afterEach } from "vitest";
import { createNodeStatus } from "../src/node-status.ts";
import type { NodeStatusOptions } from "../src/options.ts";
import type { NodeApiPort, NodeEvent, NodeListenerPort, NodeStatusPorts } from "../src/ports.ts";
import { createFakeFacts, createFakeNodeApi, FAKE_FACTS, FAKE_NETWORK } from "../src/testing/index.ts";
import type { FakeApiCall } from "../src/testing/index.ts";

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** No connection. */
export const refused = (): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
/** A runtime that has not answered yet. */
export const NOT_READY: typeof FAKE_FACTS.runtime = { ...FAKE_FACTS.runtime, health: { kind: "unknown" } };

/** What a test wants different. */
export interface SetUp {
  readonly options?: Partial<Omit<NodeStatusOptions, "settings">>;
  readonly settings?: Partial<NodeStatusOptions["settings"]>;
  readonly onCall?: (call: FakeApiCall) => Promise<void> | void;
  readonly listener?: NodeListenerPort;
  readonly facts?: ReturnType<typeof createFakeFacts>;
  /** Whether what is written comes back as from a watch. Default true. */
  readonly isWatched?: boolean;
  /** Put between the node's status and the server. */
  readonly wrapNode?: (node: NodeApiPort) => NodeApiPort;
}

/** A whole node with a server in memory; `lines` is what happened to the server, each with its second. */
export const setUp = ({
  options,
  settings,
  onCall,
  listener,
  facts = createFakeFacts(),
  isWatched = true,
  wrapNode = (node) => node,
}: SetUp = {}) => {
  const clock = createFakeClock();
  const lines: string[] = [];
  const at = (): string => `${(clock.monotonicMs() / 1000).toFixed(1)}s`;
  const events: NodeEvent[] = [];
  const metrics = createRecordingMetrics();
  const logger = createRecordingLogger();
  const api = createFakeNodeApi({
    onWrite: (node) => {
      if (isWatched) queueMicrotask(() => status.onNodeObserved(node));
    },
    onCall: async (call) => {
      lines.push(`${at()} ${call.verb}`);
      await onCall?.(call);
    },
  });
  const ports: NodeStatusPorts = {
    lease: api.lease,
    node: wrapNode(api.node),
    facts,
    network: { read: () => Promise.resolve(FAKE_NETWORK) },
    events: { record: (event) => void events.push(event) },
    listener,
  };
  const status = createNodeStatus(ports, {
    clock,
    metrics,
    logger,
    random: createSeededRandom(5),
    settings: { nodeName: "node-1", kubeletVersion: "v1.36.0", ...settings },
    ...options,
  });
  const stop = new AbortController();
  stops.push(stop);
  const calls = (isLease = false): readonly string[] => lines.filter((line) => line.endsWith("-lease") === isLease);
  return { clock, api, facts, events, metrics, logger, status, stop, lines, calls, run: () => status.run(stop.signal) };
};

/** The status of condition Ready. */
export const readyOf = (node: Node | undefined): string | undefined =>
  node?.status?.conditions?.find(({ type }) => type === "Ready")?.status;
/** What the events are about, in order. */
export const reasons = (events: readonly NodeEvent[]): readonly string[] => events.map(({ reason }) => reason);
