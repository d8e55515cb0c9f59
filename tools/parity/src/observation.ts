import type { Json, JsonObject, RecordedEvent, Recording } from "@nk/tool-recordings";
import type { Logs } from "./compare-logs.ts";
import { distinct } from "./compare-statuses.ts";
import type { ShownStatus } from "./compare-statuses.ts";
import { normaliseJson, normaliseText } from "./normalise.ts";
import type { Normaliser } from "./normalise.ts";
import type { PodCall } from "./pod-calls.ts";
import { listNodeVariables, traitsOf } from "./traits.ts";

/** What a scenario showed, or what a recording holds of it: both with the same placeholders. */
export interface Observation {
  readonly calls: readonly PodCall[];
  readonly statuses: readonly ShownStatus[];
  readonly events: readonly RecordedEvent[];
  readonly logs: Logs;
  /** Waits that were given up. */
  readonly overdue: readonly string[];
}

/** The values of variables that tell of the node. */
const withoutNodeVariables = (call: PodCall, names: ReadonlySet<string>): PodCall => {
  const config = call.req["config"] as JsonObject | undefined;
  const envs = config?.["envs"];
  if (config === undefined || !Array.isArray(envs) || names.size === 0) return call;
  const hidden = envs.map((env: Json) => {
    const { key } = env as { readonly key: string };
    return names.has(key) ? { key, value: "<of the node>" } : env;
  });
  return { ...call, req: { ...call.req, config: { ...config, envs: hidden } } };
};

/** A call with its placeholders. `names` are variables that tell of the node. */
export const normaliseCall = (call: PodCall, normaliser: Normaliser, names: ReadonlySet<string>): PodCall => {
  const { method, req, res, err, answeredAtMs } = normaliseJson(call as unknown as Json, normaliser) as unknown as PodCall;
  return withoutNodeVariables(
    { method, req, ...(res === undefined ? {} : { res }), ...(err === undefined ? {} : { err }), answeredAtMs },
    names,
  );
};

/** Logs with their placeholders. */
export const normaliseLogs = (
  logs: Logs,
  parts: { readonly normaliser: Normaliser; readonly name: string; readonly names: ReadonlySet<string> },
): Logs => {
  const { normaliseLog = (text: string) => text } = traitsOf(parts.name);
  const hide = (text: string): string =>
    [...parts.names].reduce((result, name) => result.replaceAll(new RegExp(`^${name}=.*$`, "gmu"), `${name}=<of the node>`), text);
  return Object.fromEntries(
    Object.entries(logs).map(([container, text]) => [container, normaliseLog(hide(normaliseText(text, parts.normaliser)))]),
  );
};

/** An event with its placeholders. */
export const normaliseEvent = (event: RecordedEvent, normaliser: Normaliser): RecordedEvent => ({
  ...event,
  message: normaliseText(event.message, normaliser),
});

/** Brings a recording into the form in which runs are compared with it. */
export const observationOfRecording = (name: string, recording: Recording): Observation => {
  const normaliser: Normaliser = { words: [], rules: traitsOf(name).rules ?? [] };
  const names = listNodeVariables(recording);
  const statuses = recording.statuses.map(({ phase_of_test, status }) => ({
    phase_of_test,
    status: normaliseJson(status as unknown as Json, normaliser),
  }));
  return {
    calls: recording.cri.map((call) => normaliseCall({ ...(call as unknown as PodCall), answeredAtMs: 0 }, normaliser, names)),
    statuses: distinct(statuses),
    events: recording.events.map((event) => normaliseEvent(event, normaliser)),
    logs: normaliseLogs(recording.logs, { normaliser, name, names }),
    overdue: [],
  };
};
