import { expandVariables } from "@nk/pod-model";
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
  | { readonly type: "tcpSocket"; readonly host?: string; readonly port: number }
  | {
      readonly type: "grpc";
      readonly port: number;
      /** What the server is asked about. Default: itself as a whole. */
      readonly service?: string;
    };

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

/** Variables of the spec are put in; those with a `valueFrom` count as empty (reference: ExpandContainerCommandOnlyStatic). */
const readCommand = (command: readonly string[], { env = [] }: Pick<Container, "env">): readonly string[] => {
  if (!command.some((word) => word.includes("$"))) return command;
  const values = new Map(env.map(({ name, value }) => [name, value ?? ""]));
  return command.map((word) => expandVariables(word, (name) => values.get(name)));
};

/** What a core/v1 Probe of a container does. Throws ProbesError when it cannot be done; the message is worded as the reference's. */
export const readAction = (probe: Probe, container: Pick<Container, "name" | "ports" | "env">): ProbeAction => {
  if (probe.exec) return { type: "exec", command: readCommand(probe.exec.command ?? [], container) };
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
  if (probe.grpc) {
    const { port, service } = probe.grpc;
    return { type: "grpc", port: resolvePort(port, container), ...(service !== undefined && { service }) };
  }
  throw new ProbesError("unsupported", `missing probe handler for container ${container.name}`);
};
