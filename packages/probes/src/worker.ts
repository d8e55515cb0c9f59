import type { Container, PodRef, Probe } from "@nk/pod-model";
import type { ProbeType } from "./results.ts";
import type { Tally } from "./tally.ts";

/** A container that runs now. */
export interface RunningContainer {
  readonly name: string;
  /** The runtime's id. */
  readonly containerId: string;
  /** When it started, on `Clock.nowMs`. */
  readonly startedAtMs: number;
}

/** The probing of one container by one of its probes. Changed by the engine alone. */
export interface Worker {
  readonly key: string;
  readonly ref: PodRef;
  readonly probeType: ProbeType;
  readonly running: RunningContainer;
  readonly fieldPath: string;
  container: Container;
  probe: Probe;
  host: string;
  tally: Tally;
  /** Fires no more for this container. */
  isOver: boolean;
  /** When it fires next, on `Clock.monotonicMs`; undefined while it waits for the startup probe, or is over. */
  dueMs: number | undefined;
  /** Shots in a row that said nothing because this process was too busy. */
  inconclusiveCount: number;
  /** Aborts the shot under way. */
  shot: AbortController | undefined;
}

/** A probe that a pod's containers ask for. */
export interface WantedProbe {
  readonly key: string;
  readonly probeType: ProbeType;
  readonly container: Container;
  readonly probe: Probe;
  readonly fieldPath: string;
  readonly running: RunningContainer;
}

interface PodSpecContainers {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** Every probe of the running containers; of init containers only sidecars have any. */
export const listWantedProbes = (
  uid: string,
  spec: PodSpecContainers | undefined,
  running: readonly RunningContainer[],
): readonly WantedProbe[] => {
  const byName = new Map(running.map((container) => [container.name, container]));
  const listOf = (container: Container, field: string): readonly WantedProbe[] => {
    const found = byName.get(container.name);
    if (found === undefined) return [];
    const { startupProbe, livenessProbe, readinessProbe, name } = container;
    const probes = Object.entries({ startup: startupProbe, liveness: livenessProbe, readiness: readinessProbe }) as [
      ProbeType,
      Probe | undefined,
    ][];
    return probes.flatMap(([probeType, probe]) =>
      probe === undefined
        ? []
        : [{ key: `${uid}/${name}/${probeType}`, probeType, container, probe, fieldPath: `spec.${field}{${name}}`, running: found }],
    );
  };
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [
    ...(spec?.containers ?? []).flatMap((container) => listOf(container, "containers")),
    ...sidecars.flatMap((container) => listOf(container, "initContainers")),
  ];
};
