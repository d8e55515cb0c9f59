import type { Container, PodSpec, PodStatus, RuntimeContainerStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import type { PodStatusInput, ProbeVerdict } from "../input.ts";
import { sketchInstance, sketchObserved, sketchPod, sketchSandbox, statusOf } from "./sketch-observed.ts";

/** What a row of a table says; all of it may be left out. */
export interface StatusRow {
  readonly spec?: Partial<PodSpec>;
  readonly metadata?: { readonly deletionTimestamp?: string; readonly generation?: number };
  /** Instances in the runtime, newest first: `runs`, `created`, `unknown`, `ended N`; several of a container are parted by commas. */
  readonly has?: { readonly [container: string]: string };
  /** Of the newest instance of each container. */
  readonly instances?: { readonly [container: string]: Partial<RuntimeContainerStatus> };
  readonly sandbox?: Partial<RuntimeSandboxStatus> | "none";
  /** By container; what its probes say. */
  readonly probes?: { readonly [container: string]: ProbeVerdict };
  /** By container; why it could not be started. */
  readonly waiting?: { readonly [container: string]: string };
  readonly messages?: { readonly [container: string]: string };
  /** The status before this one; where it is a row, what that row comes to. */
  readonly before?: StatusRow | PodStatus;
  /** What the API shows. */
  readonly api?: PodStatus;
  readonly more?: Partial<PodStatusInput>;
}

const instancesOf = (name: string, { has = {}, instances = {} }: StatusRow): readonly RuntimeContainerStatus[] => {
  const states = (has[name] ?? "").split(", ");
  return states.map((text, index) => {
    const [, word = "", code] = /^(\w+)(?: (\d+))?$/.exec(text) ?? [];
    const attempt = states.length - 1 - index;
    return sketchInstance({
      id: `${name}-${attempt}`,
      name,
      attempt,
      state: word === "runs" ? "running" : word === "ended" ? "exited" : word === "created" ? "created" : "unknown",
      createdAtNanos: BigInt(attempt + 1),
      ...(code === undefined ? {} : { exitCode: Number(code) }),
      ...(index === 0 ? instances[name] : {}),
    });
  });
};

const isRow = (before: StatusRow | PodStatus): before is StatusRow => "has" in before || "spec" in before;

/** The status that a row comes to. */
export const statusOfRow = (row: StatusRow): PodStatus => {
  const { spec, metadata = {}, has = {}, sandbox, probes = {}, waiting = {}, messages = {}, before, api, more } = row;
  const pod = sketchPod(spec, { metadata, ...(api === undefined ? {} : { status: api }) });
  const containers = Object.keys(has).flatMap((name) => instancesOf(name, row));
  const newestId = (name: string): string => containers.find((one) => one.name === name)?.id ?? name;
  const byId = <T>(values: { readonly [name: string]: T }): ReadonlyMap<string, T> =>
    new Map(Object.entries(values).map(([name, value]) => [newestId(name), value]));
  return statusOf(pod, sketchObserved(containers, sandbox === "none" ? [] : [sketchSandbox(sandbox)]), {
    previous: before === undefined ? undefined : isRow(before) ? statusOfRow(before) : before,
    probes: byId(probes),
    terminationMessages: byId(messages),
    waiting: new Map(Object.entries(waiting).map(([name, reason]) => [name, { reason, message: "" }])),
    ...more,
  });
};

/** A container with a name and whatever else. */
export const named = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "busybox", ...more });
