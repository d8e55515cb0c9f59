import { isIP } from "node:net";
import type { EphemeralContainer, Pod, PodSpec, Toleration } from "@nk/pod-model";
import type { ApiObject } from "../../../contracts.ts";
import { duplicate, invalid, notAllowed, notSupported, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import { checkLabel, checkLabelValue, checkQualifiedName, checkSubdomain } from "../../names.ts";
import { validateLabels } from "../../object-meta.ts";
import { validateContainer, validateContainers } from "./validate-containers.ts";
import { validatePodSecurityContext } from "./validate-security.ts";
import { validateVolumes } from "./validate-volumes.ts";

const RESTART_POLICIES: readonly string[] = ["Always", "OnFailure", "Never"];
const DNS_POLICIES: readonly string[] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const TAINT_EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const MAX_INT32 = 2 ** 31 - 1;

const oneOf = (value: string, field: string, allowed: readonly string[]): readonly FieldError[] => {
  if (value === "") return [required(field)];
  return allowed.includes(value) ? [] : [notSupported(field, value, allowed)];
};

const validateToleration = (toleration: Toleration, field: string): readonly FieldError[] => {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
  return [
    ...(key === "" ? [] : checkQualifiedName(key).map((text) => invalid(`${field}.key`, key, text))),
    ...(key === "" && operator !== "Exists"
      ? [invalid(`${field}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')]
      : []),
    ...(tolerationSeconds !== undefined && effect !== "NoExecute"
      ? [invalid(`${field}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...(operator === "Exists" && value !== ""
      ? [invalid(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...(operator === "" || operator === "Equal" ? checkLabelValue(value).map((text) => invalid(`${field}.operator`, value, text)) : []),
    ...(["", "Equal", "Exists"].includes(operator) ? [] : [notSupported(`${field}.operator`, operator, ["Equal", "Exists"])]),
    ...(effect === "" || TAINT_EFFECTS.includes(effect) ? [] : [notSupported(`${field}.effect`, effect, TAINT_EFFECTS)]),
  ];
};

const validateDns = ({ dnsPolicy, dnsConfig }: PodSpec): readonly FieldError[] => {
  if (dnsPolicy !== "None" || (dnsConfig?.nameservers ?? []).length > 0) return [];
  if (dnsConfig === undefined) return [required("spec.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")];
  return [required("spec.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")];
};

const validateNetwork = (spec: PodSpec): readonly FieldError[] => [
  ...validateDns(spec),
  ...(spec.dnsConfig?.nameservers ?? []).flatMap((address, index) =>
    isIP(address) === 0
      ? [invalid(`spec.dnsConfig.nameservers[${index}]`, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
      : [],
  ),
  ...(spec.hostAliases ?? []).flatMap((alias, index) =>
    isIP(alias.ip) === 0
      ? [invalid(`spec.hostAliases[${index}].ip`, alias.ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
      : [],
  ),
  ...(spec.hostNetwork === true
    ? spec.containers.flatMap((container, at) =>
        (container.ports ?? []).flatMap((port, index) =>
          port.hostPort === port.containerPort
            ? []
            : [
                invalid(
                  `spec.containers[${at}].ports[${index}].hostPort`,
                  port.hostPort ?? 0,
                  "must match `containerPort` when `hostNetwork` is true",
                ),
              ],
        ),
      )
    : []),
];

const named = (value: string | undefined, field: string, check: (name: string) => readonly string[]): readonly FieldError[] =>
  value === undefined || value === "" ? [] : check(value).map((text) => invalid(field, value, text));

const validateNames = (spec: PodSpec): readonly FieldError[] => [
  ...named(spec.serviceAccountName, "spec.serviceAccountName", checkSubdomain),
  ...named(spec.nodeName, "spec.nodeName", checkSubdomain),
  ...named(spec.hostname, "spec.hostname", checkLabel),
  ...named(spec.subdomain, "spec.subdomain", checkLabel),
  ...named(spec.priorityClassName, "spec.priorityClassName", checkSubdomain),
  ...named(spec.runtimeClassName, "spec.runtimeClassName", checkSubdomain),
];

const validateDeadline = ({ activeDeadlineSeconds: seconds }: PodSpec): readonly FieldError[] =>
  seconds === undefined || (seconds >= 1 && seconds <= MAX_INT32)
    ? []
    : [invalid("spec.activeDeadlineSeconds", seconds, `must be between 1 and ${MAX_INT32}, inclusive`)];

const validateGates = (spec: PodSpec): readonly FieldError[] => {
  const seen = new Set<string>();
  return [
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
      checkQualifiedName(conditionType).map((text) => invalid(`spec.readinessGates[${index}].conditionType`, conditionType, text)),
    ),
    ...(spec.schedulingGates ?? []).flatMap(({ name }, index) => {
      const field = `spec.schedulingGates[${index}]`;
      const isTwice = seen.has(name);
      seen.add(name);
      return [...checkQualifiedName(name).map((text) => invalid(field, name, text)), ...(isTwice ? [duplicate(field, name)] : [])];
    }),
  ];
};

const NO_EPHEMERAL = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "restartPolicy", "resizePolicy"] as const;

const validateEphemeral = (spec: PodSpec, volumes: ReadonlySet<string>): readonly FieldError[] => {
  const names = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name));
  return (spec.ephemeralContainers ?? []).flatMap((container: EphemeralContainer, index) => {
    const field = `spec.ephemeralContainers[${index}]`;
    const isTwice = names.has(container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    return [
      ...validateContainer(container, field, volumes),
      ...(isTwice ? [duplicate(`${field}.name`, container.name)] : []),
      ...(target && !names.has(target)
        ? [{ field: `${field}.targetContainerName`, reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(target)}` }]
        : []),
      ...NO_EPHEMERAL.filter((name) => container[name] !== undefined).map((name) =>
        notAllowed(`${field}.${name}`, "cannot be set for an Ephemeral Container"),
      ),
      ...(Object.keys(container.resources ?? {}).length > 0
        ? [notAllowed(`${field}.resources`, "cannot be set for an Ephemeral Container")]
        : []),
    ];
  });
};

/** What the reference has against a pod's spec, for the mistakes people make (pkg/apis/core/validation, 1.36). */
export const validatePod = (object: ApiObject): readonly FieldError[] => {
  const { spec = { containers: [] } } = object as Pod;
  const { errors, names } = validateVolumes(spec.volumes ?? []);
  return [
    ...errors,
    ...validateContainers(spec, names),
    ...validateEphemeral(spec, names),
    ...oneOf(spec.restartPolicy ?? "", "spec.restartPolicy", RESTART_POLICIES),
    ...oneOf(spec.dnsPolicy ?? "", "spec.dnsPolicy", DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, "spec.nodeSelector"),
    ...validatePodSecurityContext(spec),
    ...validateNetwork(spec),
    ...validateGates(spec),
    ...validateNames(spec),
    ...validateDeadline(spec),
    ...(spec.tolerations ?? []).flatMap((toleration, index) => validateToleration(toleration, `spec.tolerations[${index}]`)),
  ];
};

/** The same for a new pod, which can't have ephemeral containers yet. */
export const validateNewPod = (object: ApiObject): readonly FieldError[] => [
  ...validatePod(object),
  ...((object as Pod).spec?.ephemeralContainers === undefined ? [] : [notAllowed("spec.ephemeralContainers", "cannot be set on create")]),
];
