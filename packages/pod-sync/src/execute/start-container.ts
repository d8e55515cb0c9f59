import type { ContainerConfig } from "@nk/cri-api";
import { CONTAINER_REASONS, EVENT_REASONS, hideExecutable } from "@nk/pod-model";
import type { RuntimePodStatus } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import { posix } from "node:path";
import { errorText } from "../errors.ts";
import { computeGraceSeconds } from "../plan/grace-period.ts";
import { specKeyOf } from "../plan/plan-view.ts";
import type { ContainerStart } from "../plan/pod-plan.ts";
import type { ImageAnswer, PreparedVolumes } from "../ports.ts";
import { configureContainer, podIpsOf } from "./container-config-request.ts";
import { killContainer } from "./kill-container.ts";
import { containerFieldPath, recordContainerFailure, recordEvent } from "./pod-events.ts";
import type { PodSetup } from "./pod-setup.ts";
import { runHook } from "./run-hook.ts";
import { timeStep } from "./time-step.ts";
import { holdObservation, tryRefreshObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";
import { awaitVolumeImages, imageVolumesOf } from "./volume-images.ts";
import type { VolumeImagePulls } from "./volume-images.ts";

/** Why a container waits, as its status shows it. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

/** What became of one start. */
export type StartOutcome =
  | { readonly type: "started"; readonly observed: RuntimePodStatus | undefined }
  | { readonly type: "failed"; readonly waiting: WaitingReason; readonly cause: unknown; readonly retryAtMs?: number };

/** What a container is started in. */
export interface StartPlace {
  readonly setup: PodSetup;
  readonly volumes: PreparedVolumes;
  readonly sandboxId: string;
  readonly image: Promise<PromiseSettledResult<ImageAnswer>>;
  readonly volumeImages: VolumeImagePulls;
  readonly observed: RuntimePodStatus | undefined;
}

const CONTAINER_TYPES = { init: "init_container", sidecar: "init_container", app: "container", ephemeral: "ephemeral_container" } as const;

/** How long a fresh failure of a pull is shown before the back-off it began is. */
const FRESH_IMAGE_FAILURE_MS = 1_000;

/**
 * A pull that failed is looked at once more soon after, long before its back-off ends: the status goes on from ErrImagePull to
 * ImagePullBackOff, as the reference's does at its next sync (recording p27).
 */
const imageFailure = (error: unknown, nowMs: number): StartOutcome => {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : CONTAINER_REASONS.ErrImagePull;
  const backoffEndMs = error instanceof Error && "retryAtMs" in error && typeof error.retryAtMs === "number" ? error.retryAtMs : undefined;
  const isFresh = code !== CONTAINER_REASONS.ImagePullBackOff;
  const retryAtMs = backoffEndMs !== undefined && isFresh ? Math.min(backoffEndMs, nowMs + FRESH_IMAGE_FAILURE_MS) : backoffEndMs;
  return {
    type: "failed",
    waiting: { reason: code, message: errorText(error) },
    cause: error,
    ...(retryAtMs !== undefined && { retryAtMs }),
  };
};

const failed = (reason: string, error: unknown): StartOutcome => ({
  type: "failed",
  waiting: { reason, message: errorText(error) },
  cause: error,
});

/** Runs the postStart hook; a container whose hook fails is killed and then treated like one that crashed. */
const runPostStart = async (
  pass: PodPass,
  place: StartPlace,
  instance: { readonly start: ContainerStart; readonly containerId: string },
): Promise<StartOutcome | undefined> => {
  const { start, containerId } = instance;
  const container = start.spec;
  const handler = container.lifecycle?.postStart;
  if (handler === undefined) return undefined;
  const podIps = podIpsOf(pass, place);
  const problem = await runHook(pass, { container, containerId, handler, podIps, signal: pass.signal });
  if (problem === undefined) return undefined;
  const fieldPath = containerFieldPath(start.kind, start.name);
  recordEvent(pass, { type: "Warning", reason: EVENT_REASONS.FailedPostStartHook, message: "PostStartHook failed", fieldPath });
  const graceSeconds = computeGraceSeconds({ pod: pass.pod, container });
  try {
    await killContainer(pass, { id: containerId, name: start.name, container, message: "FailedPostStartHook", graceSeconds, podIps });
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.error("container whose postStart hook failed could not be stopped", { pod: pass.ref, container: start.name, error });
  }
  await tryRefreshObservation(pass);
  return { type: "failed", waiting: { reason: CONTAINER_REASONS.PostStartHookError, message: problem }, cause: undefined };
};

const rememberRestart = (pass: PodPass, start: ContainerStart): void => {
  if (start.nextBackoffMs === undefined) return;
  pass.memory.backoffs.set(start.name, {
    specKey: specKeyOf(start.spec),
    backoffMs: start.nextBackoffMs,
    lastRestartMs: pass.clock.nowMs(),
  });
};

/** The error without what the runtime quotes of an executable that variables were expanded in; a new one, because a log shows causes, too. */
const withoutExecutable = (error: unknown, { spec }: ContainerStart): unknown => {
  const message = errorText(error);
  const shown = hideExecutable(message, spec);
  return shown === message ? error : new Error(shown);
};

const linkLog = async (
  pass: PodPass,
  place: StartPlace,
  log: { containerName: string; containerId: string; path: string },
): Promise<void> => {
  const { containerName, containerId } = log;
  const path = posix.join(place.setup.sandboxConfig.logDirectory, log.path);
  try {
    const isLinked = await pass.ports.files.linkContainerLog({ pod: pass.ref, containerName, containerId }, path);
    if (!isLinked) pass.logger.debug("container has no log to link", { pod: pass.ref, container: containerName });
  } catch (error) {
    pass.logger.warn("container log could not be linked", { pod: pass.ref, container: containerName, error });
  }
};

interface CreatedContainer {
  readonly start: ContainerStart;
  readonly containerId: string;
  readonly logPath: string;
}

const startCreated = async (pass: PodPass, place: StartPlace, created: CreatedContainer): Promise<StartOutcome> => {
  const { start, containerId, logPath } = created;
  const fieldPath = containerFieldPath(start.kind, start.name);
  // As late as this: the less is left to do when the pod that this one replaces has stopped, the shorter is the gap.
  if (pass.mayStart !== undefined) await raceSignal(pass.mayStart, pass.signal);
  try {
    await timeStep(pass, { name: "start", containerName: start.name }, () => pass.ports.containers.startContainer({ containerId }));
  } catch (cause) {
    const error = withoutExecutable(cause, start);
    recordContainerFailure(pass, fieldPath, errorText(error));
    return failed(CONTAINER_REASONS.RunContainerError, error);
  }
  recordEvent(pass, { type: "Normal", reason: EVENT_REASONS.Started, message: "Container started", fieldPath });
  pass.signal.throwIfAborted();
  // Nobody who waits for the container waits for the link to its log.
  const linking = linkLog(pass, place, { containerName: start.name, containerId, path: logPath });
  const [read] = await Promise.allSettled([tryRefreshObservation(pass, { containerId }), linking]);
  if (read.status === "rejected") throw read.reason;
  return { type: "started", observed: read.value };
};

/** How the reason begins that a runtime gives (cri-api, ErrImageVolumeMountFailed). */
const IMAGE_VOLUME_FAILED = "ImageVolumeMountFailed";

const countImageVolumes = (
  { metrics, pod }: PodPass,
  { start, problem }: { readonly start: ContainerStart; readonly problem?: string },
): void => {
  const names = imageVolumesOf(pod, start.spec);
  const mounted = (start.spec.volumeMounts ?? []).filter(({ name }) => names.includes(name));
  metrics.imageVolumesRequested.inc({}, names.length);
  if (problem === undefined) metrics.imageVolumesMounted.inc({}, mounted.length);
  else if (problem.includes(IMAGE_VOLUME_FAILED)) metrics.imageVolumeErrors.inc({}, mounted.length);
};

const configure = async (pass: PodPass, place: StartPlace, start: ContainerStart): Promise<ContainerConfig | StartOutcome> => {
  const fieldPath = containerFieldPath(start.kind, start.name);
  const { observed, setup, volumes } = place;
  const failForImage = (reason: unknown): StartOutcome => {
    const failure = imageFailure(reason, pass.clock.nowMs());
    if (failure.type === "failed") recordContainerFailure(pass, fieldPath, failure.waiting.reason);
    return failure;
  };
  const mounted = await awaitVolumeImages(pass.pod, start.spec, { pulls: place.volumeImages, setup });
  pass.signal.throwIfAborted();
  // Each is told of; the last one is what the container waits for, as in the reference.
  const imageless = mounted.failures.map(failForImage).at(-1);
  if (imageless !== undefined) return imageless;
  const image = await place.image;
  pass.signal.throwIfAborted();
  if (image.status === "rejected") return failForImage(image.reason);
  try {
    const restartCount = start.attempt ?? (await pass.ports.files.countRestartsByLogs({ pod: pass.ref, containerName: start.name }));
    return await configureContainer(pass, {
      setup,
      volumes,
      volumeImages: mounted.images,
      start,
      restartCount,
      image: image.value,
      observed,
    });
  } catch (error) {
    pass.signal.throwIfAborted();
    recordContainerFailure(pass, fieldPath, errorText(error));
    return failed(CONTAINER_REASONS.CreateContainerConfigError, error);
  }
};

const create = async (
  pass: PodPass,
  place: StartPlace,
  { start, config }: { readonly start: ContainerStart; readonly config: ContainerConfig },
): Promise<CreatedContainer | StartOutcome> => {
  const fieldPath = containerFieldPath(start.kind, start.name);
  pass.memory.isStale = true;
  let containerId;
  try {
    const request = { podSandboxId: place.sandboxId, config, sandboxConfig: place.setup.sandboxConfig };
    ({ containerId } = await timeStep(pass, { name: "create", containerName: start.name }, () =>
      pass.ports.containers.createContainer(request),
    ));
    countImageVolumes(pass, { start });
  } catch (cause) {
    const error = withoutExecutable(cause, start);
    countImageVolumes(pass, { start, problem: errorText(error) });
    recordContainerFailure(pass, fieldPath, errorText(error));
    return failed(CONTAINER_REASONS.CreateContainerError, error);
  }
  recordEvent(pass, { type: "Normal", reason: EVENT_REASONS.Created, message: "Container created", fieldPath });
  rememberRestart(pass, start);
  // A container that was only created is made anew by the next plan, so this is a safe place to leave.
  pass.signal.throwIfAborted();
  return { start, containerId, logPath: config.logPath };
};

const createAndStart = async (pass: PodPass, place: StartPlace, start: ContainerStart): Promise<StartOutcome> => {
  const config = await configure(pass, place, start);
  if ("type" in config) return config;
  pass.signal.throwIfAborted();
  const hold = holdObservation(pass);
  let created: CreatedContainer | undefined;
  try {
    const made = await create(pass, place, { start, config });
    if ("type" in made) return made;
    created = made;
    // Before the start: the runtime's event may be quicker than its answer.
    if (start.spec.lifecycle?.postStart !== undefined) pass.memory.starting.add(created.containerId);
    const outcome = await startCreated(pass, place, created);
    if (outcome.type === "failed") return outcome;
    // A hook may take long, and what happens meanwhile is not its doing.
    hold[Symbol.dispose]();
    return (await runPostStart(pass, place, created)) ?? outcome;
  } finally {
    hold[Symbol.dispose]();
    if (created !== undefined) pass.memory.starting.delete(created.containerId);
  }
};

/**
 * Starts one container: image, configuration, create, start, log link, postStart hook (reference: startContainer,
 * kuberuntime_container.go). Rejects only when the pass is aborted; every failure is an outcome and an event.
 */
export const startContainer = async (pass: PodPass, place: StartPlace, start: ContainerStart): Promise<StartOutcome> => {
  const labels = { container_type: CONTAINER_TYPES[start.kind] };
  pass.metrics.startedContainers.inc(labels);
  const outcome = await createAndStart(pass, place, start);
  if (outcome.type === "failed") pass.metrics.startedContainersErrors.inc({ ...labels, code: outcome.waiting.reason });
  return outcome;
};
