import { isDeepStrictEqual } from "node:util";
import type { Container, Pod, PodSpec, Toleration } from "@nk/pod-model";
import type { ApiObject } from "../../../contracts.ts";
import { invalid, notAllowed, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import { validatePod } from "./validate-pod.ts";

const MAX_INT32 = 2 ** 31 - 1;

const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

/** The spec of a pod, which every stored pod has. */
export const specOf = (object: ApiObject): PodSpec => (object as Pod).spec ?? { containers: [] };

/** Whether the pod stands for a manifest on a node. */
export const isMirror = ({ metadata }: ApiObject): boolean => metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined;

const validateImages = (next: readonly Container[], current: readonly Container[], field: string): readonly FieldError[] => {
  if (next.length !== current.length) return [notAllowed(field, "pod updates may not add or remove containers")];
  return next.flatMap(({ image = "" }, index) => [
    ...(image === "" ? [required(`${field}[${index}].image`)] : []),
    ...(image === image.trim() ? [] : [invalid(`${field}[${index}].image`, image, "must not have leading or trailing whitespace")]),
  ]);
};

const validateDeadline = (next: PodSpec, current: PodSpec): readonly FieldError[] => {
  const field = "spec.activeDeadlineSeconds";
  const [seconds, old] = [next.activeDeadlineSeconds, current.activeDeadlineSeconds];
  if (seconds === undefined) return old === undefined ? [] : [invalid(field, null, "must not update from a positive integer to nil value")];
  if (seconds < 0 || seconds > MAX_INT32) return [invalid(field, seconds, `must be between 0 and ${MAX_INT32}, inclusive`)];
  return old !== undefined && old < seconds ? [invalid(field, seconds, "must be less than or equal to previous value")] : [];
};

const withoutSeconds = ({ tolerationSeconds: _seconds, ...toleration }: Toleration): object => toleration;

const validateTolerations = (next: PodSpec, current: PodSpec): readonly FieldError[] => {
  const kept = (next.tolerations ?? []).map(withoutSeconds);
  const lost = (current.tolerations ?? []).some((old) => !kept.some((one) => isDeepStrictEqual(one, withoutSeconds(old))));
  return lost ? [notAllowed("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")] : [];
};

const validateGates = (next: PodSpec, current: PodSpec): readonly FieldError[] =>
  (next.schedulingGates ?? []).flatMap(({ name }, index) =>
    current.schedulingGates?.some((gate) => gate.name === name) === true
      ? []
      : [notAllowed(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );

/** The spec as it would be had nobody touched what may be changed. */
const withUnchanged = (next: PodSpec, current: PodSpec): PodSpec => {
  const { activeDeadlineSeconds: _deadline, schedulingGates: _gates, tolerations: _tolerations, ...rest } = next;
  const images = (containers: readonly Container[] | undefined, old: readonly Container[] | undefined): readonly Container[] | undefined =>
    containers?.map((container, index) => ({ ...container, ...(old?.[index]?.image === undefined ? {} : { image: old[index].image }) }));
  const initContainers = images(next.initContainers, current.initContainers);
  const isShortened = (current.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1;
  return {
    ...rest,
    containers: images(next.containers, current.containers) ?? [],
    ...(initContainers === undefined ? {} : { initContainers }),
    ...(current.activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: current.activeDeadlineSeconds }),
    ...(current.schedulingGates === undefined ? {} : { schedulingGates: current.schedulingGates }),
    ...(current.tolerations === undefined ? {} : { tolerations: current.tolerations }),
    ...(isShortened ? { terminationGracePeriodSeconds: current.terminationGracePeriodSeconds ?? 0 } : {}),
    // Gated pods may still be steered elsewhere.
    ...((current.schedulingGates ?? []).length > 0 && current.nodeSelector !== undefined ? { nodeSelector: current.nodeSelector } : {}),
  };
};

const namesOfChanges = (next: PodSpec, current: PodSpec): string => {
  const names = new Set([...Object.keys(next), ...Object.keys(current)]);
  return [...names].filter((name) => !isDeepStrictEqual(next[name as keyof PodSpec], current[name as keyof PodSpec])).join(", ");
};

/** What may be changed of a pod: images, deadline, more tolerations, fewer gates (ValidatePodUpdate, 1.36). */
export const validatePodUpdate = (next: ApiObject, current: ApiObject): readonly FieldError[] => {
  const [spec, old] = [specOf(next), specOf(current)];
  const errors = [
    ...validateImages(spec.containers, old.containers, "spec.containers"),
    ...validateImages(spec.initContainers ?? [], old.initContainers ?? [], "spec.initContainers"),
  ];
  if (errors.length > 0) return [...validatePod(next), ...errors];
  const unchanged = withUnchanged(spec, old);
  return [
    ...validatePod(next),
    ...validateDeadline(spec, old),
    ...validateTolerations(spec, old),
    ...validateGates(spec, old),
    ...(isDeepStrictEqual(unchanged, old)
      ? []
      : [notAllowed("spec", `pod updates may not change fields other than ${CHANGEABLE}\nchanged: ${namesOfChanges(unchanged, old)}`)]),
  ];
};
