import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeRuntime } from "@nk/cri-client/testing";
import { loadSettings } from "@nk/kubelet-config";
import type { LoadedConfig } from "@nk/kubelet-config";
import { formatGoFloat, noopLogger, systemClock } from "@nk/stdx";
import { readRecordedMetrics } from "@nk/tool-recordings";
import type { MetricsPage, RecordedMetric } from "@nk/tool-recordings";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHostFacts } from "../../src/adapters/host.ts";
import { buildKubelet } from "../../src/compose/kubelet.ts";
import { createSelf } from "../../src/compose/self.ts";
import { createMetricsPages } from "../../src/telemetry/metrics-pages.ts";
import type { MetricsPages } from "../../src/telemetry/metrics-pages.ts";
import { MISSING_METRICS } from "./missing-metrics.ts";

const KUBECONFIG = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "it",
  contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
  // Nobody listens there; nothing is asked before the kubelet runs.
  clusters: [{ name: "it", cluster: { server: "http://127.0.0.1:1" } }],
  users: [{ name: "it", user: {} }],
};

const pages = createMetricsPages({ startedAtMs: 0 });
const stack = new AsyncDisposableStack();

const loadConfig = async (dir: string, endpoint: string): Promise<LoadedConfig> => {
  const write = async (name: string, object: object): Promise<string> => {
    await writeFile(join(dir, name), JSON.stringify(object));
    return join(dir, name);
  };
  const config = await write("config.json", {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: endpoint,
    staticPodPath: dir,
    podLogsDir: join(dir, "logs"),
    address: "127.0.0.1",
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: "Webhook" },
  });
  const kubeconfig = await write("kubeconfig.json", KUBECONFIG);
  const argv = [`--config=${config}`, `--kubeconfig=${kubeconfig}`, `--root-dir=${dir}`, `--cert-dir=${dir}`, "--hostname-override=node-1"];
  const loaded = await loadSettings({ argv });
  if (loaded.kind !== "run") throw new Error("the flags ask for a text");
  return loaded;
};

/** Everything that the kubelet is made of is built with registers that are looked at afterwards; nothing of it runs. */
beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "nk-metrics-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const runtime = stack.use(await startFakeRuntime());
  const config = await loadConfig(dir, runtime.endpoint);
  const self = createSelf(config, { startedAtMs: 0, runtimeVersion: "v24.0.0", changeVerbosity: () => undefined });
  const host = readHostFacts({ root: "/", diskPath: dir });
  const signal = AbortSignal.timeout(10_000);
  const { settings } = config;
  await buildKubelet(
    // Any port, and only one server: all count the same.
    { settings: { ...settings, server: { ...settings.server, port: 0 }, readOnlyPort: 0, healthzPort: 0 }, self, host },
    { clock: systemClock, logger: noopLogger, metrics: pages.main, pages },
    { signal, stack },
  );
});
afterAll(() => stack.disposeAsync());

const PAGES: { readonly [page in MetricsPage]: keyof MetricsPages } = {
  metrics: "main",
  "metrics-probes": "probes",
  "metrics-slis": "slis",
};

const missing = new Set(Object.values(MISSING_METRICS).flat());

/** What nk declares under a name, as the recording would have it. */
const declaredAs = (page: MetricsPage, { name, help }: RecordedMetric): RecordedMetric | undefined => {
  const declaration = pages[PAGES[page]].declared().get(name);
  if (declaration === undefined) return undefined;
  return {
    name,
    type: declaration.kind,
    labelNames: (declaration.labelNames ?? []).toSorted(),
    buckets: declaration.buckets && [...declaration.buckets.map(formatGoFloat), "+Inf"],
    help: help === undefined ? undefined : declaration.help,
  };
};

describe.each(Object.keys(PAGES) as MetricsPage[])("what the reference shows on %s", (page) => {
  const recorded = readRecordedMetrics(page);

  it.each(recorded.filter(({ name }) => !missing.has(name)))("is served as it is there: $name", (metric) => {
    expect(declaredAs(page, metric)).toEqual(metric);
  });

  it("is not served where it is listed as missing, and what is listed was shown by the reference", () => {
    expect(recorded.filter((metric) => missing.has(metric.name) && declaredAs(page, metric) !== undefined)).toEqual([]);
    const names = new Set(recorded.map(({ name }) => name));
    if (page === "metrics") expect([...missing].filter((name) => !names.has(name))).toEqual([]);
  });
});

/** By the source of the reference (v1.36): declared there, and shown only after what the recorded nodes did not do. */
const UNRECORDED = [
  "kubelet_container_requested_resizes_total",
  "kubelet_pod_deferred_accepted_resizes_total",
  "kubelet_pod_infeasible_resizes_total",
  "kubelet_pod_pending_resizes",
  "kubelet_pod_resize_duration_milliseconds",
  "kubelet_preemptions",
  "rest_client_exec_plugin_call_total",
  "rest_client_request_retries_total",
];

it("gives what the reference does not have names of its own", () => {
  const recorded = new Set((Object.keys(PAGES) as MetricsPage[]).flatMap((page) => readRecordedMetrics(page)).map(({ name }) => name));
  const own = Object.values(pages).flatMap((register) => [...register.declared().keys()]);
  const unknown = own.filter((name) => !recorded.has(name) && !UNRECORDED.includes(name));
  expect(unknown.filter((name) => !/^(?:nk|nodejs)_/u.test(name))).toEqual([]);
});

it("shows on each page when the process started", async () => {
  for (const register of Object.values(pages)) expect(await register.render()).toContain("\nprocess_start_time_seconds 0\n");
});
