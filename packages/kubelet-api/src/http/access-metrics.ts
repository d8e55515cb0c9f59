import type { MetricRegister } from "@nk/stdx";

/** Which server a request came to, as metrics name it. */
export type ServerType = "readwrite" | "readonly";

/** One request, as metrics see it. */
export interface CountedRequest {
  readonly method: string;
  readonly path: string;
}

/** Counts requests; dispose what `begin` returns when the request is over. */
export interface AccessMetrics {
  begin(request: CountedRequest): Disposable;
}

const METHODS: ReadonlySet<string> = new Set(["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"]);
/** The reference's list, whose `portforward` never matches the path `portForward`. */
const LONG_RUNNING: ReadonlySet<string> = new Set(["exec", "attach", "portforward", "debug"]);
const LABELS = ["method", "path", "server_type", "long_running"];

/** `/metrics/cadvisor` is `metrics/cadvisor`, any other path its first part (pkg/kubelet/server, getURLRootPath). */
const rootOf = (path: string): string => {
  const [first = "", second] = path.split("/").slice(1);
  return first === "metrics" && second !== undefined ? `${first}/${second}` : first;
};

/** The reference counts it among the others. */
const UNCOUNTED = "metrics/slis";

/** The paths that may become a label: those of the routes, so that strangers cannot make up new ones. */
export const bucketsOf = (paths: readonly string[]): ReadonlySet<string> => new Set(paths.map(rootOf).filter((root) => root !== UNCOUNTED));

/** The request metrics of the reference's kubelet server. */
export const createAccessMetrics = (
  register: MetricRegister,
  options: { readonly serverType: ServerType; readonly buckets: ReadonlySet<string>; readonly monotonicMs: () => number },
): AccessMetrics => {
  const { serverType, buckets, monotonicMs } = options;
  const total = register.counter({
    name: "kubelet_http_requests_total",
    help: "[ALPHA] Number of the http requests received since the server started",
    labelNames: LABELS,
  });
  const duration = register.histogram({
    name: "kubelet_http_requests_duration_seconds",
    help: "[ALPHA] Duration in seconds to serve http requests",
    labelNames: LABELS,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const inflight = register.gauge({
    name: "kubelet_http_inflight_requests",
    help: "[ALPHA] Number of the inflight http requests",
    labelNames: LABELS,
  });
  return {
    begin: (request) => {
      const root = rootOf(request.path);
      const path = buckets.has(root) ? root : "other";
      const labels = {
        method: METHODS.has(request.method) ? request.method : "other",
        path,
        server_type: serverType,
        long_running: String(LONG_RUNNING.has(path)),
      };
      const beganMs = monotonicMs();
      total.inc(labels);
      inflight.add(1, labels);
      return {
        [Symbol.dispose]: () => {
          inflight.add(-1, labels);
          duration.observe((monotonicMs() - beganMs) / 1000, labels);
        },
      };
    },
  };
};
