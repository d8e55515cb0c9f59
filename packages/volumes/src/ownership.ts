import { stat } from "node:fs/promises";
import type { PodRef } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { toVolumesError } from "./errors.ts";
import type { MountPort, VolumeEvent } from "./ports.ts";

/** What {@link applyVolumeOwnership} takes. */
export interface OwnershipRequest {
  readonly path: string;
  /** The pod's fsGroup. */
  readonly gid: number;
  /** Whether the group only needs to read: the volume's files are the kubelet's own. */
  readonly readOnly: boolean;
  /** `OnRootMismatch` skips the walk when the directory itself is as it should be; default `Always`. */
  readonly policy?: string | undefined;
  readonly ref: PodRef;
  readonly signal?: AbortSignal | undefined;
}

/** What it works with. */
export interface OwnershipTools {
  readonly mounts: Pick<MountPort, "changeGroup">;
  readonly onEvent?: ((event: VolumeEvent) => void) | undefined;
  readonly clock?: Clock | undefined;
}

const FIRST_REPORT_MS = 30_000;
const NEXT_REPORT_MS = 60_000;

const ADVICE =
  "consider using OnRootMismatch - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods";

/** Whether the directory has the group, the group's rights and setgid already (volume_linux.go, requiresPermissionChange). */
const hasOwnership = async ({ path, gid, readOnly }: OwnershipRequest): Promise<boolean> => {
  try {
    const found = await stat(path);
    const wanted = (readOnly ? 0o440 : 0o660) | 0o2110;
    return found.isDirectory() && found.gid === gid && (found.mode & wanted) === wanted;
  } catch {
    // The walk will say what is wrong with it.
    return false;
  }
};

/** The part of a path from the pod's UID on, as the reference tells it. */
const shortenPath = (path: string, uid: string): string => {
  const index = path.indexOf(uid);
  return index < 0 || uid === "" ? path : path.slice(index);
};

/**
 * Gives a volume to the pod's group. A walk that takes longer than 30 s is reported by an event, and again each minute. Rejects with
 * `ownership`. A volume that is mounted read-only must not be given to this.
 */
export const applyVolumeOwnership = async (request: OwnershipRequest, tools: OwnershipTools): Promise<void> => {
  const { path, gid, readOnly, ref, signal } = request;
  const { mounts, onEvent, clock = systemClock } = tools;
  if (request.policy === "OnRootMismatch" && (await hasOwnership(request))) return;
  const shownPath = shortenPath(path, ref.uid);
  let files = 0;
  let reports = 0;
  let timer: Disposable;
  const report = (): void => {
    const message =
      reports === 0
        ? `Setting volume ownership for ${shownPath} is taking longer than expected, ${ADVICE}`
        : `Setting volume ownership for ${shownPath}, processed ${files} files.`;
    reports += 1;
    onEvent?.({ ref, type: "Warning", reason: "VolumePermissionChangeInProgress", message });
    timer = clock.schedule(NEXT_REPORT_MS, report);
  };
  timer = clock.schedule(FIRST_REPORT_MS, report);
  try {
    await mounts.changeGroup({ path, gid, readOnly, onFile: () => (files += 1) }, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw toVolumesError(error, "ownership");
  } finally {
    timer[Symbol.dispose]();
  }
};
