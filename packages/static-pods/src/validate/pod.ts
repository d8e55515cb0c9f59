import type { Pod, PodSpec, Toleration } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { validateAppArmorAnnotations } from "./app-armor.ts";
import { validateContainers } from "./containers.ts";
import { validateDns } from "./dns.ts";
import { validateMetadata } from "./metadata.ts";
import { whyNotDnsSubdomain, whyNotQualifiedName } from "./names.ts";
import { validatePodResources } from "./pod-resources.ts";
import { readAmounts } from "./resources.ts";
import { checkBetween, checkNotNegative, checkOneOf } from "./rules.ts";
import { validatePodSecurity } from "./security.ts";
import { validateVolumes } from "./volumes.ts";

const checkToleration = (toleration: Toleration, field: Field): void => {
  const { key = "", operator = "", value = "", effect } = toleration;
  checkOneOf(operator, field.at("operator"), ["", "Equal", "Exists", "Gt", "Lt"]);
  if (effect !== "") checkOneOf(effect, field.at("effect"), ["NoExecute", "NoSchedule", "PreferNoSchedule"]);
  const why = key === "" ? undefined : whyNotQualifiedName(key);
  if (why !== undefined) field.at("key").invalid(key, why);
  if (key === "" && operator !== "Exists") {
    field.at("operator").invalid(operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"');
  }
  if (operator === "Exists" && value !== "") field.at("operator").invalid(value, "value must be empty when `operator` is 'Exists'");
  if (toleration.tolerationSeconds !== undefined && effect !== "NoExecute") {
    field.at("effect").invalid(effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
};

/** A user namespace goes with no other namespace of the host. */
const checkHostUsers = (spec: PodSpec, root: Field): void => {
  if (spec.hostUsers !== false) return;
  for (const name of ["hostNetwork", "hostPID", "hostIPC"] as const)
    if (spec[name] === true) root.at(name).forbidden("when `hostUsers` is false");
};

const MAX_DEADLINE_SECONDS = 2_147_483_647;

const checkOs = (os: PodSpec["os"], field: Field): void => {
  if (os?.name === "") field.at("name").required();
  else checkOneOf(os?.name, field, ["linux", "windows"]);
};

const checkSpec = (spec: PodSpec, root: Field): void => {
  const volumeNames = validateVolumes(spec.volumes, root.at("volumes"));
  validateContainers(spec, root, volumeNames);
  validatePodResources(spec, root);
  checkOs(spec.os, root.at("os"));
  checkBetween(spec.activeDeadlineSeconds, root.at("activeDeadlineSeconds"), { min: 1, max: MAX_DEADLINE_SECONDS });
  checkOneOf(spec.restartPolicy, root.at("restartPolicy"), ["Always", "Never", "OnFailure"]);
  checkNotNegative(spec.terminationGracePeriodSeconds, root.at("terminationGracePeriodSeconds"));
  checkOneOf(spec.preemptionPolicy, root.at("preemptionPolicy"), ["Never", "PreemptLowerPriority"]);
  readAmounts(spec.overhead, root.at("overhead"));
  validatePodSecurity(spec.securityContext, root.at("securityContext"));
  if (spec.hostPID === true && spec.shareProcessNamespace === true) {
    root.at("shareProcessNamespace").invalid(true, "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  checkHostUsers(spec, root);
  const whyNotClass = spec.runtimeClassName === undefined ? undefined : whyNotDnsSubdomain(spec.runtimeClassName);
  if (whyNotClass !== undefined) root.at("runtimeClassName").invalid(spec.runtimeClassName, whyNotClass);
  validateDns(spec, root);
  forEachItem(spec.tolerations, root.at("tolerations"), checkToleration);
};

/**
 * What the API server checks of a new pod (ValidatePodCreate), for the fields that nk supports. `written` is the manifest's, `pod` the
 * same with identity and defaults.
 */
export const validatePod = (written: Pod, pod: Pod, root: Field): void => {
  validateMetadata(written, pod, root);
  if (pod.spec === undefined || written.spec === undefined) root.at("spec").required();
  else checkSpec(pod.spec, root.at("spec"));
  validateAppArmorAnnotations(pod, root);
};
