import { isDeepStrictEqual } from "node:util";
import { computeQosClass, isSidecar } from "@nk/pod-model";
import type { Container, Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import type { ApiObject } from "../../../contracts.ts";
import { invalid, notAllowed } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import type { SubresourceDefinition } from "../../kind-definition.ts";
import { takeOnly } from "../../status.ts";
import { validatePod } from "./validate-pod.ts";
import { isMirror, specOf } from "./validate-pod-update.ts";

const withSpec = (current: ApiObject, next: ApiObject, change: Partial<PodSpec>): ApiObject => ({
  ...current,
  metadata: {
    ...current.metadata,
    ...(next.metadata?.resourceVersion === undefined ? {} : { resourceVersion: next.metadata.resourceVersion }),
  },
  spec: { ...specOf(current), ...change },
});

const validateEphemeral = (next: ApiObject, current: ApiObject): readonly FieldError[] => {
  if (isMirror(current)) return [notAllowed("", "static pods do not support ephemeral containers")];
  const added = new Map((specOf(next).ephemeralContainers ?? []).map((container) => [container.name, container]));
  return [
    ...validatePod(next),
    ...(specOf(current).ephemeralContainers ?? []).flatMap((old) => {
      const container = added.get(old.name);
      const what = `existing ephemeral containers ${JSON.stringify(old.name)}`;
      if (container === undefined) return [notAllowed("spec.ephemeralContainers", `${what} may not be removed\n`)];
      return isDeepStrictEqual(container, old) ? [] : [notAllowed("spec.ephemeralContainers", `${what} may not be changed\n`)];
    }),
  ];
};

/** `ephemeralcontainers`: adds some, changes nothing. */
export const EPHEMERAL_CONTAINERS: SubresourceDefinition = {
  name: "ephemeralcontainers",
  verbs: ["get", "patch", "update"],
  prepareUpdate: (next, current) => withSpec(current, next, { ephemeralContainers: specOf(next).ephemeralContainers ?? [] }),
  validateUpdate: validateEphemeral,
};

type Amounts = { readonly [name: string]: string };

const RESIZABLE: ReadonlySet<string> = new Set(["cpu", "memory"]);

const otherAmounts = (amounts: Amounts | undefined): Amounts =>
  Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !RESIZABLE.has(name)));

const validateRemoval = (
  next: ResourceRequirements | undefined,
  current: ResourceRequirements | undefined,
  field: string,
): readonly FieldError[] =>
  (["limits", "requests"] as const).flatMap((kind) =>
    [...RESIZABLE].some((name) => current?.[kind]?.[name] !== undefined && next?.[kind]?.[name] === undefined)
      ? [notAllowed(`${field}.${kind}`, `resource ${kind} cannot be removed`)]
      : [],
  );

const ONLY_RESOURCES = "only cpu and memory resources are mutable";

const validateAmounts = (
  next: ResourceRequirements | undefined,
  current: ResourceRequirements | undefined,
  field: string,
): readonly FieldError[] => {
  const hasSameOthers = (["limits", "requests"] as const).every((kind) =>
    isDeepStrictEqual(otherAmounts(next?.[kind]), otherAmounts(current?.[kind])),
  );
  return [...validateRemoval(next, current, field), ...(hasSameOthers ? [] : [notAllowed("spec", ONLY_RESOURCES)])];
};

const validateContainer = (next: Container, current: Container, field: string): readonly FieldError[] => {
  const hasSameRest = isDeepStrictEqual({ ...next, resources: {}, resizePolicy: [] }, { ...current, resources: {}, resizePolicy: [] });
  const hasSamePolicy = isDeepStrictEqual(next.resizePolicy, current.resizePolicy);
  return [
    ...validateAmounts(next.resources, current.resources, `${field}.resources`),
    ...(hasSameRest && hasSamePolicy ? [] : [notAllowed("spec", ONLY_RESOURCES)]),
  ];
};

const validateResize = (next: ApiObject, current: ApiObject): readonly FieldError[] => {
  if (isMirror(current)) return [notAllowed("", "static pods cannot be resized")];
  const [spec, old] = [specOf(next), specOf(current)];
  const { qosClass, containerStatuses = [] } = (current as Pod).status ?? {};
  const running = containerStatuses.find(({ state }) => state?.running !== undefined);
  return [
    ...validatePod(next),
    ...(computeQosClass(next as Pod) === computeQosClass(current as Pod)
      ? []
      : [invalid("spec", qosClass ?? "", "Pod QOS Class may not change as a result of resizing")]),
    ...(running === undefined || running.resources !== undefined
      ? []
      : [notAllowed("spec", "Pod running on node without support for resize")]),
    ...(old.initContainers ?? []).flatMap((container, index) => {
      const changed = spec.initContainers?.[index] ?? container;
      return isSidecar(container) || !isDeepStrictEqual(changed, container)
        ? validateContainer(changed, container, `spec.initContainers[${index}]`)
        : [];
    }),
    ...validateAmounts(spec.resources, old.resources, "spec.resources"),
    ...old.containers.flatMap((container, index) =>
      validateContainer(spec.containers[index] ?? container, container, `spec.containers[${index}]`),
    ),
  ];
};

const resourcesOf = (current: readonly Container[], next: readonly Container[]): readonly Container[] =>
  current.map((container) => {
    const changed = next.find(({ name }) => name === container.name);
    if (changed === undefined) return container;
    const { resources, resizePolicy } = changed;
    return { ...container, ...(resources === undefined ? {} : { resources }), ...(resizePolicy === undefined ? {} : { resizePolicy }) };
  });

/** `resize`: cpu and memory of containers that run, and of the pod as a whole. */
export const RESIZE: SubresourceDefinition = {
  name: "resize",
  verbs: ["get", "patch", "update"],
  prepareUpdate: (next, current) => {
    const { containers, initContainers } = specOf(current);
    const { resources } = specOf(next);
    return withSpec(current, next, {
      ...(resources === undefined ? {} : { resources }),
      containers: resourcesOf(containers, specOf(next).containers),
      ...(initContainers === undefined ? {} : { initContainers: resourcesOf(initContainers, specOf(next).initContainers ?? []) }),
    });
  },
  validateUpdate: validateResize,
};

/** `status`: what the node reports. */
export const POD_STATUS: SubresourceDefinition = {
  name: "status",
  verbs: ["get", "patch", "update"],
  prepareUpdate: (next, current) => {
    const taken = takeOnly(next, current, ["status"]);
    const { qosClass } = (current as Pod).status ?? {};
    const { status } = taken as Pod;
    // Given once, kept for good.
    return status?.qosClass || qosClass === undefined ? taken : { ...taken, status: { ...status, qosClass } };
  },
};
