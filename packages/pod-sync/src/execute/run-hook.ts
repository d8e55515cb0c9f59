import { EVENT_REASONS, formatPod } from "@nk/pod-model";
import type { HTTPGetAction, LifecycleHandler } from "@nk/pod-model";
import { errorText, rpcErrorText } from "../errors.ts";
import type { ContainerSpec } from "../plan/pod-plan.ts";
import type { HookHttpRequest } from "../ports.ts";
import { recordEvent } from "./pod-events.ts";
import type { PodPass } from "./sync-context.ts";

/** A lifecycle hook of one container instance. */
export interface HookRun {
  readonly container: ContainerSpec;
  readonly containerId: string;
  readonly handler: LifecycleHandler;
  /** For HTTP hooks that name no host; primary first. */
  readonly podIps: readonly string[];
  readonly signal: AbortSignal;
}

/** The output of a command that a message may quote, in characters; the reference quotes all of it. */
const MAX_OUTPUT_CHARS = 4096;

const runExec = async (pass: PodPass, run: HookRun, command: readonly string[]): Promise<string | undefined> => {
  let output = "";
  let problem: string;
  try {
    const { exitCode, stdout, stderr } = await pass.ports.containers.execSync(
      { containerId: run.containerId, cmd: command, timeout: 0n },
      { signal: run.signal },
    );
    if (exitCode === 0) return undefined;
    output = (stdout.toString() + stderr.toString()).slice(0, MAX_OUTPUT_CHARS);
    problem = `command '${command.join(" ")}' exited with ${exitCode}: ${stderr.toString().slice(0, MAX_OUTPUT_CHARS)}`;
  } catch (error) {
    run.signal.throwIfAborted();
    problem = rpcErrorText(error);
  }
  return `Exec lifecycle hook ([${command.join(" ")}]) ${whose(pass, run)} failed - error: ${problem}, message: ${JSON.stringify(output)}`;
};

const whose = (pass: PodPass, run: HookRun): string => `for Container "${run.container.name}" in Pod "${formatPod(pass.ref)}"`;

const resolvePort = (port: HTTPGetAction["port"], container: ContainerSpec): number => {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0 && number <= 65_535) return number;
  const named = container.ports?.find((candidate) => candidate.name === port);
  if (named === undefined) throw new Error(`find port ${JSON.stringify(port)} of container ${container.name}`);
  return named.containerPort;
};

const buildRequest = (pass: PodPass, run: HookRun, action: HTTPGetAction): HookHttpRequest => {
  const host = action.host !== undefined && action.host !== "" ? action.host : run.podIps[0];
  if (host === undefined) throw new Error(`find the address of pod ${formatPod(pass.ref)}`);
  const given = action.httpHeaders ?? [];
  const has = (name: string): boolean => given.some((header) => header.name.toLowerCase() === name);
  const headers = [
    ...given,
    ...(has("user-agent") ? [] : [{ name: "User-Agent", value: `kube-lifecycle/${pass.settings.hookVersion}` }]),
    ...(has("accept") ? [] : [{ name: "Accept", value: "*/*" }]),
  ];
  const path = action.path ?? "/";
  return {
    scheme: action.scheme?.toLowerCase() === "https" ? "https" : "http",
    host,
    port: resolvePort(action.port, run.container),
    path: path.startsWith("/") ? path : `/${path}`,
    headers,
  };
};

const runHttp = async (pass: PodPass, run: HookRun, action: HTTPGetAction): Promise<string | undefined> => {
  try {
    const request = buildRequest(pass, run, action);
    const answer = await pass.ports.hooks.httpGet(request, { signal: run.signal });
    if (answer === "answered") return undefined;
    // Upstream once spoke plain HTTP whatever the scheme; pods that rely on it go on working, without their credentials in the clear.
    const headers = request.headers.filter((header) => header.name.toLowerCase() !== "authorization");
    await pass.ports.hooks.httpGet({ ...request, scheme: "http", headers }, { signal: run.signal });
    pass.metrics.hookHttpFallbacks.inc();
    recordEvent(pass, {
      type: "Warning",
      reason: EVENT_REASONS.LifecycleHTTPFallback,
      message: `request to HTTPS lifecycle hook ${request.host}:${request.port} got HTTP response, retry with HTTP succeeded`,
    });
    return undefined;
  } catch (error) {
    run.signal.throwIfAborted();
    return `HTTP lifecycle hook (${action.path ?? ""}) ${whose(pass, run)} failed - error: ${errorText(error)}`;
  }
};

/**
 * Runs a postStart or preStop hook to its end. Resolves with undefined when it succeeded, else with the reference's message (which
 * becomes the message of PostStartHookError). Rejects only with the signal's reason. Reference: pkg/kubelet/lifecycle/handlers.go.
 */
export const runHook = async (pass: PodPass, run: HookRun): Promise<string | undefined> => {
  const { exec, httpGet, sleep } = run.handler;
  run.signal.throwIfAborted();
  if (exec !== undefined) return runExec(pass, run, exec.command ?? []);
  if (httpGet !== undefined) return runHttp(pass, run, httpGet);
  if (sleep !== undefined) {
    try {
      await pass.clock.sleep(sleep.seconds * 1000, { signal: run.signal });
    } catch (error) {
      pass.metrics.sleepsTerminatedEarly.inc();
      throw error;
    }
    return undefined;
  }
  return `Cannot run handler: invalid handler: ${JSON.stringify(run.handler)}`;
};
