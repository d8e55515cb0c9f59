import { containerHash, goJson, podRef, RUNTIME_ANNOTATIONS, RUNTIME_LABELS } from "@nk/pod-model";
import type { Container, ContainerPort, HTTPGetAction, LifecycleHandler, Pod } from "@nk/pod-model";

type Strings = { readonly [key: string]: string };

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== "" && value !== 0 && !(Array.isArray(value) && value.length === 0);

/** `omitempty`: fields keep their order, those without a value are left out. */
const omitEmpty = (fields: { readonly [key: string]: unknown }): unknown =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => isSet(value)));

const httpGetFields = (action: HTTPGetAction): unknown => ({
  ...(action.path !== undefined && action.path !== "" && { path: action.path }),
  port: action.port,
  ...(omitEmpty({
    host: action.host,
    scheme: action.scheme,
    httpHeaders: action.httpHeaders?.map(({ name, value }) => ({ name, value })),
  }) as object),
});

/** A lifecycle handler in the field order of the reference's type. */
const handlerFields = (handler: LifecycleHandler): unknown =>
  omitEmpty({
    exec: handler.exec && omitEmpty({ command: handler.exec.command }),
    httpGet: handler.httpGet && httpGetFields(handler.httpGet),
    tcpSocket: handler.tcpSocket && {
      port: handler.tcpSocket.port,
      ...(omitEmpty({ host: handler.tcpSocket.host }) as object),
    },
    sleep: handler.sleep && { seconds: handler.sleep.seconds },
  });

const portFields = (port: ContainerPort): unknown => ({
  ...(omitEmpty({ name: port.name, hostPort: port.hostPort }) as object),
  containerPort: port.containerPort,
  ...(omitEmpty({ protocol: port.protocol, hostIP: port.hostIP }) as object),
});

const identityLabels = (pod: Pod): Strings => {
  const { name, namespace, uid } = podRef(pod);
  return { [RUNTIME_LABELS.podName]: name, [RUNTIME_LABELS.podNamespace]: namespace, [RUNTIME_LABELS.podUid]: uid };
};

/** Labels of a sandbox: the pod's own and its identity, which a pod cannot forge. */
export const computeSandboxLabels = (pod: Pod): Strings => ({ ...pod.metadata?.labels, ...identityLabels(pod) });

/** Annotations of a sandbox: the pod's, as they are. */
export const computeSandboxAnnotations = (pod: Pod): Strings => ({ ...pod.metadata?.annotations });

/** Labels of a container. */
export const computeContainerLabels = (pod: Pod, containerName: string): Strings => ({
  ...identityLabels(pod),
  [RUNTIME_LABELS.containerName]: containerName,
});

/** One container about to be made. */
export interface ContainerAnnotationsInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  /** What device plugins add; ours win. */
  readonly extra?: Strings | undefined;
}

/** Annotations of a container: what the next kubelet must know of it when the pod is gone (newContainerAnnotations in the reference). */
export const computeContainerAnnotations = (input: ContainerAnnotationsInput): Strings => {
  const { pod, container } = input;
  const deletionGraceSeconds = pod.metadata?.deletionGracePeriodSeconds;
  const graceSeconds = pod.spec?.terminationGracePeriodSeconds;
  const preStop = container.lifecycle?.preStop;
  const ports = container.ports ?? [];
  return {
    ...input.extra,
    [RUNTIME_ANNOTATIONS.containerHash]: containerHash(container),
    [RUNTIME_ANNOTATIONS.restartCount]: `${input.restartCount}`,
    [RUNTIME_ANNOTATIONS.terminationMessagePath]: container.terminationMessagePath ?? "",
    [RUNTIME_ANNOTATIONS.terminationMessagePolicy]: container.terminationMessagePolicy ?? "",
    ...(deletionGraceSeconds !== undefined && { [RUNTIME_ANNOTATIONS.podDeletionGracePeriod]: `${deletionGraceSeconds}` }),
    ...(graceSeconds !== undefined && { [RUNTIME_ANNOTATIONS.podTerminationGracePeriod]: `${graceSeconds}` }),
    ...(preStop !== undefined && { [RUNTIME_ANNOTATIONS.preStopHandler]: goJson(handlerFields(preStop)) }),
    ...(ports.length > 0 && { [RUNTIME_ANNOTATIONS.ports]: goJson(ports.map(portFields)) }),
  };
};
