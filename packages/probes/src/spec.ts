import type { Container, Probe } from "@nk/pod-model";
import { ProbesError } from "./errors.ts";

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/** What one shot does. */
export type ProbeAction =
  | { readonly type: "exec"; readonly command: readonly string[] }
  | {
      readonly type: "httpGet";
      readonly scheme: "http" | "https";
      /** Absent: the target's. */
      readonly host?: string;
      readonly port: number;
      /** With the query, if any. Default `/`. */
      readonly path?: string;
      readonly headers?: readonly HttpHeader[];
    }
  | { readonly type: "tcpSocket"; readonly host?: string; readonly port: number };

/** One shot: what to do and for how long at most. */
export interface ProbeSpec {
  readonly action: ProbeAction;
  readonly timeoutMs: number;
}

/** When shots are fired and how many of a kind make a result. */
export interface ProbeSchedule {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

const positive = (value: number | undefined, fallback: number): number => (value === undefined || value <= 0 ? fallback : value);

/** The schedule of a core/v1 Probe, with the API's defaults for what is absent. */
export const readSchedule = (probe: Probe): ProbeSchedule => ({
  initialDelayMs: Math.max(0, probe.initialDelaySeconds ?? 0) * 1000,
  periodMs: positive(probe.periodSeconds, 10) * 1000,
  timeoutMs: positive(probe.timeoutSeconds, 1) * 1000,
  successThreshold: positive(probe.successThreshold, 1),
  failureThreshold: positive(probe.failureThreshold, 3),
});

/** A port number, or the number behind a port's name; a number written as text will do, as in the reference (pkg/probe/util.go). */
const resolvePort = (port: number | string, container: Pick<Container, "ports">): number => {
  const named = typeof port === "string" ? container.ports?.find(({ name }) => name === port)?.containerPort : port;
  if (named === undefined && !/^[+-]?\d+$/.test(String(port)))
    throw new ProbesError("invalid-port", `strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  const resolved = named ?? Number(port);
  if (resolved <= 0 || resolved > 65_535) throw new ProbesError("invalid-port", `invalid port number: ${resolved}`);
  return resolved;
};

/** What a core/v1 Probe of a container does. Throws ProbesError when it cannot be done; the message is worded as the reference's. */
export const readAction = (probe: Probe, container: Pick<Container, "name" | "ports">): ProbeAction => {
  if (probe.exec) return { type: "exec", command: probe.exec.command ?? [] };
  if (probe.httpGet) {
    const { host, port, path, scheme, httpHeaders } = probe.httpGet;
    return {
      type: "httpGet",
      scheme: scheme?.toLowerCase() === "https" ? "https" : "http",
      port: resolvePort(port, container),
      ...(host !== undefined && host !== "" && { host }),
      ...(path !== undefined && { path }),
      ...(httpHeaders !== undefined && { headers: httpHeaders }),
    };
  }
  if (probe.tcpSocket) {
    const { host, port } = probe.tcpSocket;
    return { type: "tcpSocket", port: resolvePort(port, container), ...(host !== undefined && host !== "" && { host }) };
  }
  const what = probe.grpc ? "grpc probes are not supported yet" : "missing probe handler";
  throw new ProbesError("unsupported", `${what} for container ${container.name}`);
};
