import { formatTimestamp } from "@nk/pod-model";
import type { Container, LocalObjectReference, PodSpec, RuntimeClass, Toleration, Volume } from "@nk/pod-model";
import { forbidden } from "../../../api-error.ts";
import type { ApiObject } from "../../../contracts.ts";
import type { WriteContext } from "../../kind-definition.ts";
import { randomSuffix } from "../../random-suffix.ts";
import { isMirror, specOf } from "./validate-pod-update.ts";

const PODS = { group: "", resource: "pods" };
const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME_PREFIX = "kube-api-access-";
/** An hour and a little, so that it is known for what it is. */
const TOKEN_SECONDS = 3607;
const READABLE_MODE = 0o644;

const refuse = (pod: ApiObject, text: string): never => {
  throw forbidden(PODS, pod.metadata?.name ?? "", { text });
};

const withSpec = (pod: ApiObject, change: Partial<PodSpec>): ApiObject => ({ ...pod, spec: { ...specOf(pod), ...change } });

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
    ],
    defaultMode: READABLE_MODE,
  },
});

interface ServiceAccount {
  readonly automountServiceAccountToken?: boolean;
  readonly imagePullSecrets?: readonly LocalObjectReference[];
}

const mountToken = (spec: PodSpec, { random }: WriteContext): Partial<PodSpec> => {
  const existing = spec.volumes?.find(({ name, projected }) => name.startsWith(TOKEN_VOLUME_PREFIX) && projected !== undefined);
  const name = existing?.name ?? `${TOKEN_VOLUME_PREFIX}${randomSuffix(random)}`;
  let isUsed = false;
  const mount = <C extends Container>(containers: readonly C[]): readonly C[] =>
    containers.map((container) => {
      if (container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH) === true) return container;
      isUsed = true;
      return { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: TOKEN_PATH }] };
    });
  const containers = mount(spec.containers);
  const initContainers = spec.initContainers === undefined ? undefined : mount(spec.initContainers);
  return {
    containers,
    ...(initContainers === undefined ? {} : { initContainers }),
    ...(isUsed && existing === undefined ? { volumes: [...(spec.volumes ?? []), tokenVolume(name)] } : {}),
  };
};

/** The reference's ServiceAccount admission: name, pull secrets, token. */
const admitServiceAccount = (pod: ApiObject, context: WriteContext): ApiObject => {
  if (isMirror(pod)) {
    if (specOf(pod).serviceAccountName) refuse(pod, "a mirror pod may not reference service accounts");
    return pod;
  }
  const name = specOf(pod).serviceAccountName || "default";
  const namespace = pod.metadata?.namespace ?? "";
  const account = context.store.get({ group: "", resource: "serviceaccounts" }, { namespace, name }) as ServiceAccount | undefined;
  if (account === undefined)
    return refuse(pod, `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
  const named = withSpec(pod, { serviceAccountName: name, serviceAccount: name });
  const spec = specOf(named);
  const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  const secrets = account.imagePullSecrets ?? [];
  return withSpec(named, {
    ...(mounts ? mountToken(spec, context) : {}),
    ...((spec.imagePullSecrets ?? []).length === 0 && secrets.length > 0 ? { imagePullSecrets: secrets } : {}),
  });
};

const UNREADY_SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

const tolerates = ({ key = "", operator = "", effect = "" }: Toleration, taint: string): boolean =>
  (effect === "" || effect === "NoExecute") && (key === taint || (key === "" && operator === "Exists"));

/** DefaultTolerationSeconds: five minutes on a node that fails; of updates too. */
export const admitTolerations = (pod: ApiObject): ApiObject => {
  const tolerations = specOf(pod).tolerations ?? [];
  const added = TAINTS.filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint))).map((key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: UNREADY_SECONDS,
  }));
  return added.length === 0 ? pod : withSpec(pod, { tolerations: [...tolerations, ...added] });
};

interface PriorityClass extends ApiObject {
  readonly value?: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string;
}

const PRIORITY_CLASSES = { group: "scheduling.k8s.io", resource: "priorityclasses" };

const findClass = (name: string, { store }: WriteContext): PriorityClass | undefined => {
  if (name !== "") return store.get(PRIORITY_CLASSES, { name });
  const defaults = (store.list(PRIORITY_CLASSES).items as readonly PriorityClass[]).filter(({ globalDefault }) => globalDefault === true);
  return defaults.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
};

/** Priority: the class's value and policy. */
const admitPriority = (pod: ApiObject, context: WriteContext): ApiObject => {
  const spec = specOf(pod);
  const asked = spec.priorityClassName ?? "";
  const found = findClass(asked, context);
  if (asked !== "" && found === undefined) return refuse(pod, `no PriorityClass with name ${asked} was found`);
  const priority = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? "PreemptLowerPriority";
  if (spec.priority !== undefined && spec.priority !== priority) {
    refuse(
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    refuse(
      pod,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  const name = found?.metadata?.name ?? asked;
  return withSpec(pod, { priority, preemptionPolicy: policy, ...(name === "" ? {} : { priorityClassName: name }) });
};

/** RuntimeClass: overhead, and where such pods may run. */
const admitRuntimeClass = (pod: ApiObject, { store }: WriteContext): ApiObject => {
  const spec = specOf(pod);
  const name = spec.runtimeClassName;
  if (!name)
    return spec.overhead === undefined
      ? pod
      : refuse(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  const found = store.get({ group: "node.k8s.io", resource: "runtimeclasses" }, { name }) as RuntimeClass | undefined;
  if (found === undefined) return refuse(pod, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  const { nodeSelector, tolerations = [] } = found.scheduling ?? {};
  const overhead = found.overhead?.podFixed;
  return withSpec(pod, {
    ...(overhead === undefined ? {} : { overhead }),
    ...(nodeSelector === undefined ? {} : { nodeSelector: { ...spec.nodeSelector, ...nodeSelector } }),
    ...(tolerations.length === 0 ? {} : { tolerations: [...(spec.tolerations ?? []), ...tolerations] }),
  });
};

/** What the reference's admission plugins do to a new pod, as far as a node sees it. @throws ApiError 403 */
export const admitPod = (pod: ApiObject, context: WriteContext): ApiObject => {
  const steps = [admitServiceAccount, admitTolerations, admitPriority, admitRuntimeClass];
  return steps.reduce((admitted, step) => step(admitted, context), pod);
};

/** The status every pod begins with. */
export const initialStatus = (
  pod: ApiObject,
  { qosClass, nowMs }: { readonly qosClass: string; readonly nowMs: number },
): { readonly [field: string]: unknown } => ({
  phase: "Pending",
  ...((specOf(pod).schedulingGates ?? []).length === 0
    ? {}
    : {
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            lastProbeTime: null,
            lastTransitionTime: formatTimestamp(nowMs),
            reason: "SchedulingGated",
            message: "Scheduling is blocked due to non-empty scheduling gates",
          },
        ],
      }),
  qosClass,
});
