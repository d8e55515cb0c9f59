import type { Lifecycle, LifecycleHandler, Probe } from "@nk/pod-model";
import { invalid, notAllowed, notSupported, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";

/** What is wrong with a port's number. */
export const checkPortNumber = (port: number): readonly string[] =>
  port >= 1 && port <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];

/** What is wrong with a port's name. */
export const checkPortName = (name: string): readonly string[] => [
  ...(name.length > 15 ? ["must be no more than 15 characters"] : []),
  ...(/^[-a-z0-9]+$/u.test(name) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
  ...(/[a-z]/u.test(name) ? [] : ["must contain at least one letter (a-z)"]),
  ...(name.includes("--") ? ["must not contain consecutive hyphens"] : []),
  ...(/^-|-$/u.test(name) ? ["must not begin or end with a hyphen"] : []),
];

const validatePort = (port: number | string, field: string): readonly FieldError[] =>
  (typeof port === "number" ? checkPortNumber(port) : checkPortName(port)).map((text) => invalid(field, port, text));

type Handler = LifecycleHandler & Pick<Probe, "grpc">;

/** One entry per kind of handler, in the order in which the reference looks. */
const HANDLERS: { readonly [K in keyof Handler]: (handler: NonNullable<Handler[K]>, field: string) => readonly FieldError[] } = {
  exec: ({ command = [] }, field) => (command.length === 0 ? [required(`${field}.command`)] : []),
  httpGet: (action, field) => [
    ...(action.path ? [] : [required(`${field}.path`)]),
    ...validatePort(action.port, `${field}.port`),
    ...(action.scheme === "HTTP" || action.scheme === "HTTPS"
      ? []
      : [notSupported(`${field}.scheme`, action.scheme ?? "", ["HTTP", "HTTPS"])]),
    ...(action.httpHeaders ?? [])
      .filter(({ name }) => !/^[-A-Za-z0-9]+$/u.test(name))
      .map(({ name }) =>
        invalid(
          `${field}.httpHeaders`,
          name,
          "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        ),
      ),
  ],
  tcpSocket: ({ port }, field) => validatePort(port, `${field}.port`),
  grpc: ({ port }, field) => validatePort(port, `${field}.port`),
  sleep: () => [],
};

const ORDER = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

const applyHandler = <K extends keyof Handler>(kind: K, handler: Handler, field: string): readonly FieldError[] => {
  const value = handler[kind];
  const validate = HANDLERS[kind];
  return value === undefined || validate === undefined ? [] : validate(value as NonNullable<Handler[K]>, `${field}.${kind}`);
};

const validateHandler = (handler: Handler, field: string): readonly FieldError[] => {
  const [first, ...more] = ORDER.filter((kind) => handler[kind] !== undefined);
  if (first === undefined) return [required(field, "must specify a handler type")];
  return [
    ...applyHandler(first, handler, field),
    ...more.map((kind) => notAllowed(`${field}.${kind}`, "may not specify more than 1 handler type")),
  ];
};

const COUNTS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const;

const validateProbe = (probe: Probe, field: string): readonly FieldError[] => [
  ...validateHandler(probe, field),
  ...COUNTS.filter((name) => (probe[name] ?? 0) < 0).map((name) =>
    invalid(`${field}.${name}`, probe[name], "must be greater than or equal to 0"),
  ),
  ...(probe.terminationGracePeriodSeconds !== undefined && probe.terminationGracePeriodSeconds <= 0
    ? [invalid(`${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, "must be greater than 0")]
    : []),
];

/** A container's three probes. */
export const validateProbes = (
  container: { readonly livenessProbe?: Probe; readonly readinessProbe?: Probe; readonly startupProbe?: Probe },
  field: string,
): readonly FieldError[] => {
  const onlyOnce = (probe: Probe, at: string): readonly FieldError[] =>
    probe.successThreshold === 1 ? [] : [invalid(`${at}.successThreshold`, probe.successThreshold, "must be 1")];
  const { livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...(livenessProbe === undefined
      ? []
      : [...validateProbe(livenessProbe, `${field}.livenessProbe`), ...onlyOnce(livenessProbe, `${field}.livenessProbe`)]),
    ...(readinessProbe === undefined ? [] : validateProbe(readinessProbe, `${field}.readinessProbe`)),
    ...(readinessProbe?.terminationGracePeriodSeconds === undefined
      ? []
      : [
          invalid(
            `${field}.readinessProbe.terminationGracePeriodSeconds`,
            readinessProbe.terminationGracePeriodSeconds,
            "must not be set for readinessProbes",
          ),
        ]),
    ...(startupProbe === undefined
      ? []
      : [...validateProbe(startupProbe, `${field}.startupProbe`), ...onlyOnce(startupProbe, `${field}.startupProbe`)]),
  ];
};

const validateSleep = (handler: LifecycleHandler, field: string, graceSeconds: number): readonly FieldError[] => {
  const seconds = handler.sleep?.seconds ?? 0;
  if (seconds >= 0 && seconds <= graceSeconds) return [];
  return [invalid(`${field}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)];
};

/** `postStart` and `preStop`. */
export const validateLifecycle = (lifecycle: Lifecycle | undefined, field: string, graceSeconds: number): readonly FieldError[] =>
  (["postStart", "preStop"] as const).flatMap((when) => {
    const handler = lifecycle?.[when];
    if (handler === undefined) return [];
    return [...validateHandler(handler, `${field}.${when}`), ...validateSleep(handler, `${field}.${when}`, graceSeconds)];
  });
