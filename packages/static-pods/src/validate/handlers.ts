import type { Container, ExecAction, HTTPGetAction, LifecycleHandler, PodSpec, Probe } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkPortRef } from "./ports.ts";
import { checkNotNegative, checkOneOf } from "./rules.ts";
import { checkStopSignal } from "./stop-signal.ts";

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;
const HEADER_NAME = /^[-A-Za-z0-9]+$/u;

const checkExec = (action: ExecAction, field: Field): void => {
  if ((action.command ?? []).length === 0) field.at("command").required();
};

const checkHttpGet = (action: HTTPGetAction, field: Field): void => {
  checkPortRef(action.port, field.at("port"));
  checkOneOf(action.scheme, field.at("scheme"), ["HTTP", "HTTPS"]);
  forEachItem(action.httpHeaders, field.at("httpHeaders"), (header, place) => {
    if (!HEADER_NAME.test(header.name)) {
      place.at("name").invalid(header.name, "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name')");
    }
  });
};

const checkHandler = (handler: LifecycleHandler & Probe, field: Field): void => {
  const present = HANDLERS.filter((name) => handler[name] !== undefined);
  if (present.length === 0) field.required("must specify a handler type");
  for (const extra of present.slice(1)) field.at(extra).forbidden("may not specify more than 1 handler type");
  if (handler.exec !== undefined) checkExec(handler.exec, field.at("exec"));
  if (handler.httpGet !== undefined) checkHttpGet(handler.httpGet, field.at("httpGet"));
  if (handler.tcpSocket !== undefined) checkPortRef(handler.tcpSocket.port, field.at("tcpSocket", "port"));
  if (handler.grpc !== undefined) checkPortRef(handler.grpc.port, field.at("grpc", "port"));
};

const NUMBERS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const;

const checkProbe = (probe: Probe, field: Field, canFailContainer: boolean): void => {
  checkHandler(probe, field);
  for (const name of NUMBERS) checkNotNegative(probe[name], field.at(name));
  const grace = field.at("terminationGracePeriodSeconds");
  if (canFailContainer) {
    if (probe.successThreshold !== 1) field.at("successThreshold").invalid(probe.successThreshold, "must be 1");
    if ((probe.terminationGracePeriodSeconds ?? 1) < 1) grace.invalid(probe.terminationGracePeriodSeconds, "must be greater than 0");
  } else if (probe.terminationGracePeriodSeconds !== undefined) {
    grace.invalid(probe.terminationGracePeriodSeconds, "must not be set for readinessProbes");
  }
};

const checkHook = (hook: LifecycleHandler, field: Field, graceSeconds: number): void => {
  checkHandler(hook, field);
  const seconds = hook.sleep?.seconds;
  if (seconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return;
  field
    .at("sleep", "seconds")
    .invalid(seconds, `must be non-negative and less than or equal to terminationGracePeriodSeconds (${graceSeconds})`);
};

/** Probes, hooks and stop signal of a container that may have them. */
export const validateHandlers = (container: Container, field: Field, spec: PodSpec): void => {
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 0;
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  if (livenessProbe !== undefined) checkProbe(livenessProbe, field.at("livenessProbe"), true);
  if (startupProbe !== undefined) checkProbe(startupProbe, field.at("startupProbe"), true);
  if (readinessProbe !== undefined) checkProbe(readinessProbe, field.at("readinessProbe"), false);
  if (lifecycle?.postStart !== undefined) checkHook(lifecycle.postStart, field.at("lifecycle", "postStart"), graceSeconds);
  if (lifecycle?.preStop !== undefined) checkHook(lifecycle.preStop, field.at("lifecycle", "preStop"), graceSeconds);
  checkStopSignal(lifecycle?.stopSignal, field.at("lifecycle", "stopSignal"), spec.os);
};

/** An init container that ends by itself can have none of them. */
export const forbidHandlers = (container: Container, field: Field): void => {
  for (const name of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[name] !== undefined) field.at(name).forbidden("may not be set for init containers without restartPolicy=Always");
  }
};
