import { EVENT_REASONS, formatPod } from "@nk/pod-model";
import type { RuntimePodStatus } from "@nk/pod-model";
import { linkSignals } from "@nk/stdx";
import { isPodSyncError, PodSyncError } from "../errors.ts";
import type { PlanResize } from "../plan/resize.ts";
import type { ContainerStart, PodPlan } from "../plan/pod-plan.ts";
import type { ImageAnswer, ImageWish, PreparedVolumes } from "../ports.ts";
import { failStep } from "./attempt.ts";
import { checkNetwork, createSandbox } from "./create-sandbox.ts";
import { joinAll } from "./join-all.ts";
import { killContainers, killPod } from "./kill-pod.ts";
import { containerFieldPath, recordEvent } from "./pod-events.ts";
import { ensureCgroup, makePodDirs, prepareVolumes, setUpPod } from "./pod-setup.ts";
import type { PodSetup } from "./pod-setup.ts";
import { removeRemains } from "./remove-containers.ts";
import { resizePod } from "./resize-pod.ts";
import { startContainer } from "./start-container.ts";
import type { StartPlace, WaitingReason } from "./start-container.ts";
import { timeStep } from "./time-step.ts";
import { tryRefreshObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";
import { toPullPolicy, volumeImageWishes } from "./volume-images.ts";
import type { VolumeImagePulls } from "./volume-images.ts";
import { specKeyOf, findContainerSpec } from "../plan/plan-view.ts";

/** What one plan came to when it was executed. Filled while it is, so that what was reached before a failure is not lost. */
export interface RoundOutcome {
  readonly reasons: Map<string, WaitingReason>;
  readonly errors: PodSyncError[];
  /** When something that failed is worth another try, where the failure says so. */
  readonly retryAtMs: number[];
  /** A sidecar started, which may let the next container start. */
  startedSidecar: boolean;
}

type ImagePulls = ReadonlyMap<string, Promise<PromiseSettledResult<ImageAnswer>>>;

/** Images that are being fetched. */
interface Images {
  readonly containers: ImagePulls;
  readonly volumes: VolumeImagePulls;
}

const settle = async <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> => (await Promise.allSettled([work]))[0];

/** Images of everything the plan starts, and of the image volumes it mounts, are fetched at once, while the sandbox is made. */
const ensureImages = (pass: PodPass, setup: PodSetup, starts: readonly ContainerStart[]): Images => {
  const base = {
    pod: pass.ref,
    runtimeHandler: setup.handler.name,
    pullSecretNames: (pass.pod.spec?.imagePullSecrets ?? []).flatMap((secret) => (secret.name === undefined ? [] : [secret.name])),
    annotations: pass.pod.metadata?.annotations ?? {},
    sandboxConfig: setup.sandboxConfig,
  };
  const fetch = (wishes: readonly ImageWish[]): ImagePulls =>
    new Map(
      wishes.map((wish) => {
        const { containerName } = wish;
        const pull = timeStep(pass, { name: "pull", containerName }, () => pass.ports.images.ensureImage(wish, { signal: pass.signal }));
        return [containerName, settle(pull)];
      }),
    );
  return {
    containers: fetch(
      starts.map(({ name, kind, spec }) => ({
        ...base,
        containerName: name,
        fieldPath: containerFieldPath(kind, name),
        image: spec.image ?? "",
        pullPolicy: toPullPolicy(spec.imagePullPolicy),
      })),
    ),
    volumes: fetch(
      volumeImageWishes(
        pass,
        starts.map(({ spec }) => spec),
        base,
      ),
    ),
  };
};

interface StartInput {
  readonly plan: PodPlan;
  readonly setup: PodSetup;
  readonly images: Images;
  readonly sandboxId: string;
  readonly observed: RuntimePodStatus | undefined;
}

/** Starts containers in the plan's order, each after the one before it is up and its postStart hook has ended. */
const startInOrder = async (pass: PodPass, input: StartInput, outcome: RoundOutcome): Promise<void> => {
  const volumes = await input.setup.volumes;
  let observed = input.observed;
  for (const start of input.plan.containersToStart) {
    pass.signal.throwIfAborted();
    const image = input.images.containers.get(start.name);
    if (image === undefined) continue;
    const { setup, sandboxId, images } = input;
    const place: StartPlace = { setup, volumes, sandboxId, image, volumeImages: images.volumes, observed };
    const result = await startContainer(pass, place, start);
    if (result.type === "started") {
      observed = result.observed;
      if (start.kind === "sidecar") outcome.startedSidecar = true;
      continue;
    }
    outcome.reasons.set(start.name, result.waiting);
    if (result.retryAtMs !== undefined) outcome.retryAtMs.push(result.retryAtMs);
    else if (result.cause !== undefined) outcome.errors.push(failStart(pass, start, result));
    // Nothing may run before an init container has done its work; a sidecar that fails does not hold those after it in this pass.
    if (start.kind === "init") return;
  }
};

const failStart = (
  pass: PodPass,
  start: ContainerStart,
  result: { readonly waiting: WaitingReason; readonly cause: unknown },
): PodSyncError => {
  const pod = formatPod(pass.ref);
  const { reason, message } = result.waiting;
  return new PodSyncError("container-failed", `start container ${start.name} of pod ${pod}: ${reason}: ${message}`, {
    details: { pod, containerNames: [start.name] },
    cause: result.cause,
  });
};

/** Makes the sandbox if need be, and starts what is to be started. */
const bringUp = async (
  pass: PodPass,
  step: { plan: PodPlan; observed: RuntimePodStatus | undefined },
  outcome: RoundOutcome,
): Promise<void> => {
  const { plan } = step;
  // Whatever still runs when this pass gives up is told to, and waited for: nothing of a pass may act after it has returned.
  const stop = new AbortController();
  using scope = linkSignals(pass.signal, stop.signal);
  const inner: PodPass = { ...pass, signal: scope.signal };
  const dirs = makePodDirs(inner);
  const volumes = dirs.then(() => timeStep(inner, { name: "volumes" }, () => prepareVolumes(inner)));
  const pending: Promise<unknown>[] = [settle(volumes)];
  try {
    // A sandbox for a pod that cannot start holds an address for nothing.
    if (plan.createSandbox !== undefined && (await inner.ports.volumes.isLacking?.(inner.pod)) === true) await volumes;
    const createsSandbox = plan.createSandbox !== undefined;
    const [, setup] = await joinAll([dirs, setUpPod(inner, { sandboxAttempt: plan.sandboxAttempt, volumes, createsSandbox })]);
    const fetchImages = (): Images => {
      const images = ensureImages(inner, setup, plan.containersToStart);
      pending.push(...images.containers.values(), ...images.volumes.values());
      return images;
    };
    // After a failure things go one after another, or each try would report its images present once more.
    const early = pass.memory.failureCount === 0 ? fetchImages() : undefined;
    const place =
      plan.createSandbox === undefined ? { sandboxId: plan.sandboxId ?? "", observed: step.observed } : await createSandbox(inner, setup);
    if (early === undefined) await volumes;
    const images = early ?? fetchImages();
    await startInOrder(inner, { plan, setup, images, ...place }, outcome);
    await volumes;
    pass.memory.isPrepared = true;
  } finally {
    stop.abort(new Error("the pass over the pod has ended"));
    await Promise.allSettled(pending);
  }
};

const prepareRunningPod = async (pass: PodPass): Promise<void> => {
  await makePodDirs(pass);
  await ensureCgroup(pass);
  const prepared: PreparedVolumes = await prepareVolumes(pass);
  pass.logger.debug("volumes of a running pod are known again", { pod: pass.ref, volumes: prepared.volumes.size });
  pass.memory.isPrepared = true;
};

const killWhatMustGo = async (pass: PodPass, plan: PodPlan, observed: RuntimePodStatus | undefined): Promise<void> => {
  if (plan.killPod === undefined) {
    await killContainers(pass, plan.containersToKill, observed);
    return;
  }
  if (plan.killPod === "sandbox-changed" && plan.sandboxId !== undefined) {
    const message = "Pod sandbox changed, it will be killed and re-created.";
    recordEvent(pass, { type: "Normal", reason: EVENT_REASONS.SandboxChanged, message });
  }
  await killPod(pass, observed);
};

const rememberRestartAll = (pass: PodPass, plan: PodPlan): void => {
  if (plan.restartAll === undefined) return;
  const { source, nextBackoffMs } = plan.restartAll;
  const spec = findContainerSpec(pass.pod, source);
  if (spec === undefined) return;
  pass.memory.backoffs.set(source, { specKey: specKeyOf(spec), backoffMs: nextBackoffMs, lastRestartMs: pass.clock.nowMs() });
};

const keptSandbox = ({ createSandbox, sandboxId }: PodPlan): string | undefined => (createSandbox === undefined ? sandboxId : undefined);

/** A failure does not keep containers from starting. */
const tryResize = async (
  pass: PodPass,
  step: { readonly resize: PlanResize; readonly observed: RuntimePodStatus | undefined; readonly sandboxId: string | undefined },
  outcome: RoundOutcome,
): Promise<void> => {
  try {
    await resizePod(pass, step.resize, step);
  } catch (error) {
    pass.signal.throwIfAborted();
    outcome.errors.push(isPodSyncError(error) ? error : failStep(pass, { code: "resize-failed", what: "resize containers" }, error));
  }
};

const execute = async (
  pass: PodPass,
  step: { plan: PodPlan; observed: RuntimePodStatus | undefined },
  outcome: RoundOutcome,
): Promise<void> => {
  const { plan, observed } = step;
  await killWhatMustGo(pass, plan, observed);
  // How those ended that were killed for it is known only as long as they are there.
  if (plan.restartAll !== undefined && plan.containersToKill.length > 0) await tryRefreshObservation(pass);
  await removeRemains(pass, plan, observed);
  rememberRestartAll(pass, plan);
  const hasKilled = plan.killPod !== undefined || plan.containersToKill.length > 0;
  const hasRemoved = plan.containersToRemove.length > 0 || plan.sandboxesToRemove.length > 0;
  const current = hasKilled || hasRemoved ? await tryRefreshObservation(pass) : observed;
  if (plan.isFinished) return;
  if (plan.resize !== undefined) await tryResize(pass, { resize: plan.resize, observed: current, sandboxId: keptSandbox(plan) }, outcome);
  if (plan.createSandbox !== undefined) checkNetwork(pass);
  if (plan.createSandbox !== undefined || plan.containersToStart.length > 0) await bringUp(pass, { plan, observed: current }, outcome);
  else if (!pass.memory.isPrepared) await prepareRunningPod(pass);
};

/** What is killed to be started anew. Whether an instance ran that is in an unknown state nobody can tell. */
const listReplaced = (
  { killPod: why, containersToKill, containersToStart }: PodPlan,
  observed: RuntimePodStatus | undefined,
): readonly string[] => {
  // What still runs in a sandbox that has died ends only because it is moved to the next one, with 0 if it minds SIGTERM.
  if (why === "sandbox-changed") {
    const moved = new Set(containersToStart.map(({ name }) => name));
    return (observed?.containers ?? []).flatMap(({ id, name, state }) => (state === "running" && moved.has(name) ? [id] : []));
  }
  const successors = new Set(containersToStart.flatMap(({ name, reason }) => (reason === "replaced" ? [name] : [])));
  return containersToKill.flatMap(({ id, name, reason }) => (successors.has(name) && reason !== "unknown-state" ? [id] : []));
};

/**
 * Executes one plan: kill, remove, then sandbox, volumes and images at the same time, then containers in order. Rejects only with the
 * signal's reason; failures are in the outcome. Whatever point it stops at, the next plan goes on from what the runtime then has.
 */
export const runRound = async (
  pass: PodPass,
  step: { readonly plan: PodPlan; readonly observed: RuntimePodStatus | undefined },
): Promise<RoundOutcome> => {
  const outcome: RoundOutcome = { reasons: new Map(), errors: [], retryAtMs: [], startedSidecar: false };
  const { replacing } = pass.memory;
  for (const id of listReplaced(step.plan, step.observed)) replacing.add(id);
  try {
    await execute(pass, step, outcome);
  } catch (error) {
    pass.signal.throwIfAborted();
    outcome.errors.push(isPodSyncError(error) ? error : failStep(pass, { code: "unexpected", what: "execute the plan" }, error));
  } finally {
    replacing.clear();
  }
  pass.signal.throwIfAborted();
  if (pass.memory.isStale) await tryRefreshObservation(pass);
  return outcome;
};
