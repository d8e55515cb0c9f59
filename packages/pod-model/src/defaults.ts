import { withPodLevelDefaults } from "./default-pod-resources.ts";
import { applyProbeDefaults, withHttpGetDefaults } from "./default-probes.ts";
import { applyVolumeDefaults } from "./default-volumes.ts";
import type { Container, ContainerPort, EnvVar, Lifecycle, LifecycleHandler, Pod, PodSpec, ResourceRequirements } from "./gen/core-v1.ts";
import { defaultPullPolicy } from "./pull-policy.ts";
import { formatQuantity, parseQuantity, roundUpToMilli } from "./quantity.ts";

type Strings = { readonly [name: string]: string };

/** Values that can't be read stay as they are: naming them is validation's work. */
const roundAmount = (text: string): string => {
  try {
    return formatQuantity(roundUpToMilli(parseQuantity(text)));
  } catch {
    return text;
  }
};

const roundAmounts = (amounts: Strings): Strings =>
  Object.fromEntries(Object.entries(amounts).map(([name, text]) => [name, roundAmount(text)]));

const withRoundedAmounts = (resources: ResourceRequirements | undefined): ResourceRequirements => ({
  ...resources,
  ...(resources?.limits === undefined ? {} : { limits: roundAmounts(resources.limits) }),
  ...(resources?.requests === undefined ? {} : { requests: roundAmounts(resources.requests) }),
});

const withRequestsFromLimits = (resources: ResourceRequirements | undefined): ResourceRequirements => {
  const rounded = withRoundedAmounts(resources);
  const { limits, requests } = rounded;
  return limits === undefined && requests === undefined ? rounded : { ...rounded, requests: { ...limits, ...requests } };
};

const withPortDefaults = (port: ContainerPort, hostNetwork: boolean): ContainerPort => ({
  ...port,
  protocol: port.protocol || "TCP",
  ...(hostNetwork && !port.hostPort ? { hostPort: port.containerPort } : {}),
});

const withEnvDefaults = (variable: EnvVar): EnvVar => {
  const { fieldRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef === undefined && fileKeyRef === undefined) return variable;
  return {
    ...variable,
    valueFrom: {
      ...variable.valueFrom,
      ...(fieldRef === undefined ? {} : { fieldRef: { ...fieldRef, apiVersion: fieldRef.apiVersion || "v1" } }),
      ...(fileKeyRef === undefined ? {} : { fileKeyRef: { ...fileKeyRef, optional: fileKeyRef.optional ?? false } }),
    },
  };
};

const withHandlerDefaults = (handler: LifecycleHandler): LifecycleHandler =>
  handler.httpGet === undefined ? handler : { ...handler, httpGet: withHttpGetDefaults(handler.httpGet) };

const withLifecycleDefaults = (lifecycle: Lifecycle): Lifecycle => ({
  ...lifecycle,
  ...(lifecycle.postStart === undefined ? {} : { postStart: withHandlerDefaults(lifecycle.postStart) }),
  ...(lifecycle.preStop === undefined ? {} : { preStop: withHandlerDefaults(lifecycle.preStop) }),
});

/** Generic over the container kinds: init, app and ephemeral ones differ by fields that have no default. */
const withContainerDefaults = <C extends Container>(container: C, hostNetwork: boolean): C => ({
  ...container,
  imagePullPolicy: container.imagePullPolicy || defaultPullPolicy(container.image ?? ""),
  terminationMessagePath: container.terminationMessagePath || "/dev/termination-log",
  terminationMessagePolicy: container.terminationMessagePolicy || "File",
  resources: withRequestsFromLimits(container.resources),
  ...(container.ports === undefined ? {} : { ports: container.ports.map((port) => withPortDefaults(port, hostNetwork)) }),
  ...(container.env === undefined ? {} : { env: container.env.map(withEnvDefaults) }),
  ...(container.lifecycle === undefined ? {} : { lifecycle: withLifecycleDefaults(container.lifecycle) }),
  ...applyProbeDefaults(container),
});

/** Of a spec whose containers have their defaults. */
const withPodResourceDefaults = (spec: PodSpec): PodSpec => ({
  ...spec,
  ...(spec.overhead === undefined ? {} : { overhead: roundAmounts(spec.overhead) }),
  ...(spec.resources === undefined ? {} : { resources: withPodLevelDefaults(withRoundedAmounts(spec.resources), spec) }),
});

const withSpecDefaults = (spec: PodSpec): PodSpec => {
  const hostNetwork = spec.hostNetwork === true;
  const fill = <C extends Container>(containers: readonly C[]): readonly C[] =>
    containers.map((container) => withContainerDefaults(container, hostNetwork));
  return withPodResourceDefaults({
    ...spec,
    restartPolicy: spec.restartPolicy || "Always",
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy || "ClusterFirst",
    securityContext: spec.securityContext ?? {},
    schedulerName: spec.schedulerName || "default-scheduler",
    enableServiceLinks: spec.enableServiceLinks ?? true,
    containers: fill(spec.containers),
    ...(spec.initContainers === undefined ? {} : { initContainers: fill(spec.initContainers) }),
    ...(spec.ephemeralContainers === undefined ? {} : { ephemeralContainers: fill(spec.ephemeralContainers) }),
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(applyVolumeDefaults) }),
  });
};

/**
 * Fills in what the API server fills in for an absent field of a core/v1 Pod (pkg/apis/core/v1/defaults.go, 1.36). Nothing that
 * admission plugins add (service account, tolerations, priority). Returns a new pod, idempotent; never throws.
 */
export const applyPodDefaults = (pod: Pod): Pod => (pod.spec === undefined ? pod : { ...pod, spec: withSpecDefaults(pod.spec) });
