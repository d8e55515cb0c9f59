import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { join } from "node:path";
import { startChild, waitUntil } from "../child-process.ts";
import type { RunningChild } from "../child-process.ts";
import { componentArgv, readinessUrl } from "./real-commands.ts";
import type { Component, RealSetup } from "./real-commands.ts";

/** What is needed to run them. */
export interface ProcessesSetup {
  readonly setup: RealSetup;
  readonly logDir: string;
  /** In the order in which they are started. */
  readonly components: readonly Component[];
  /** Resolves when the API server says ready. */
  readonly askApi: (signal: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** The processes of a real control plane. */
export interface ControlPlaneProcesses {
  /** Starts those that are named and do not run, and waits until each is ready before the next one. */
  start(components: readonly Component[]): Promise<void>;
  /** Ends those that are named, the last one started first. */
  stop(components: readonly Component[], signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal to one that runs. */
  send(component: Component, signal: NodeJS.Signals): void;
}

const READY_TIMEOUT_MS = 120_000;

/** Their serving certificates are made up by themselves. */
const askUrl = (url: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url, { signal, rejectUnauthorized: false } as object, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`${url} answered with ${answer.statusCode}`));
    });
    request.once("error", reject);
  });

/** Starts nothing yet. */
export const createProcesses = ({ setup, logDir, components, askApi, signal }: ProcessesSetup): ControlPlaneProcesses => {
  const running = new Map<Component, RunningChild>();
  const startOne = async (component: Component): Promise<void> => {
    if (running.get(component)?.failure() === undefined && running.has(component)) return;
    const logFile = join(logDir, `${component}.log`);
    const child = startChild({ name: component, argv: componentArgv(component, setup), logFile, holdsLoop: false });
    running.set(component, child);
    const url = readinessUrl(component, setup.ports);
    const ask = url === undefined ? askApi : (patience: AbortSignal) => askUrl(url, patience);
    await waitUntil(`readiness of ${component}`, ask, { timeoutMs: READY_TIMEOUT_MS, failure: () => child.failure(), signal });
  };
  return {
    start: async (wanted) => {
      for (const component of components) if (wanted.includes(component)) await startOne(component);
    },
    send: (component, how) => running.get(component)?.send(how),
    stop: async (wanted, how = "SIGTERM") => {
      for (const component of components.toReversed()) {
        if (!wanted.includes(component)) continue;
        await running.get(component)?.stop({ signal: how, patienceMs: 3000 });
        running.delete(component);
      }
    },
  };
};
