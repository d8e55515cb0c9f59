import type { Container, ContainerPort, EnvVar, PodSpec, VolumeMount } from "@nk/pod-model";
import { isSidecar } from "@nk/pod-model";
import { duplicate, invalid, missing, notAllowed, notSupported, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import { checkLabel } from "../../names.ts";
import { checkPortName, checkPortNumber, validateLifecycle, validateProbes } from "./validate-probes.ts";
import { validateResources } from "./validate-resources.ts";
import { validateSecurityContext } from "./validate-security.ts";
import { validateLocalPath } from "./validate-volumes.ts";

const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];

const validatePort = (port: ContainerPort, field: string, names: Set<string>): readonly FieldError[] => {
  const { name = "", containerPort, hostPort = 0, protocol = "" } = port;
  const problems = name === "" ? [] : checkPortName(name);
  const isTwice = name !== "" && problems.length === 0 && names.has(name);
  names.add(name);
  return [
    ...problems.map((text) => invalid(`${field}.name`, name, text)),
    ...(isTwice ? [duplicate(`${field}.name`, name)] : []),
    ...(containerPort === 0
      ? [required(`${field}.containerPort`)]
      : checkPortNumber(containerPort).map((text) => invalid(`${field}.containerPort`, containerPort, text))),
    ...(hostPort === 0 ? [] : checkPortNumber(hostPort).map((text) => invalid(`${field}.hostPort`, hostPort, text))),
    ...(PROTOCOLS.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
  ];
};

const ENV_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const SOURCE_TEXT = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";

const validateValueFrom = ({ value, valueFrom }: EnvVar, field: string): readonly FieldError[] => {
  if (valueFrom === undefined) return [];
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const count = Object.values(valueFrom).filter((source) => source !== undefined).length;
  const reference = configMapKeyRef ?? secretKeyRef;
  const at = `${field}.${configMapKeyRef === undefined ? "secretKeyRef" : "configMapKeyRef"}`;
  return [
    ...(fieldRef !== undefined && fieldRef.fieldPath === "" ? [required(`${field}.fieldRef.fieldPath`)] : []),
    ...(reference === undefined
      ? []
      : [...(reference.name ? [] : [required(`${at}.name`)]), ...(reference.key === "" ? [required(`${at}.key`)] : [])]),
    ...(count === 0 ? [invalid(field, "", SOURCE_TEXT)] : []),
    ...(count > 0 && value ? [invalid(field, "", "may not be specified when `value` is not empty")] : []),
    ...(count > 1 && !value ? [invalid(field, "", "may not have more than one field specified at a time")] : []),
  ];
};

const validateEnv = (variable: EnvVar, field: string): readonly FieldError[] => [
  ...(variable.name === "" ? [required(`${field}.name`)] : []),
  ...(/^[ -<>-~]*$/u.test(variable.name) ? [] : [invalid(`${field}.name`, variable.name, ENV_NAME_TEXT)]),
  ...validateValueFrom(variable, `${field}.valueFrom`),
];

const validateEnvFrom = (container: Container, field: string): readonly FieldError[] =>
  (container.envFrom ?? []).flatMap((source, index) => {
    const at = `${field}.envFrom[${index}]`;
    const { configMapRef, secretRef } = source;
    if (configMapRef === undefined && secretRef === undefined)
      return [invalid(`${field}.envFrom`, "", "must specify one of: `configMapRef` or `secretRef`")];
    if (configMapRef !== undefined && secretRef !== undefined)
      return [invalid(`${field}.envFrom`, "", "may not have more than one field specified at a time")];
    const [kind, reference] = configMapRef === undefined ? (["secretRef", secretRef] as const) : (["configMapRef", configMapRef] as const);
    return reference?.name ? [] : [required(`${at}.${kind}.name`)];
  });

const validateMounts = (mounts: readonly VolumeMount[], field: string, volumes: ReadonlySet<string>): readonly FieldError[] => {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${field}[${index}]`;
    const isTwice = paths.has(mount.mountPath);
    paths.add(mount.mountPath);
    return [
      ...(mount.name === "" ? [required(`${at}.name`)] : []),
      ...(volumes.has(mount.name) ? [] : [missing(`${at}.name`, mount.name)]),
      ...(mount.mountPath === "" ? [required(`${at}.mountPath`)] : []),
      ...(isTwice ? [invalid(`${at}.mountPath`, mount.mountPath, "must be unique")] : []),
      ...(mount.subPath ? validateLocalPath(mount.subPath, `${field}.subPath`) : []),
      ...(mount.subPath && mount.subPathExpr
        ? [invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive")]
        : []),
    ];
  });
};

const PULL_POLICIES: readonly string[] = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: readonly string[] = ["File", "FallbackToLogsOnError"];

/** What holds for init, app and ephemeral containers alike. */
export const validateContainer = (container: Container, field: string, volumes: ReadonlySet<string>): readonly FieldError[] => {
  const { name, image, terminationMessagePolicy = "", imagePullPolicy = "" } = container;
  const names = new Set<string>();
  return [
    ...(name === "" ? [required(`${field}.name`)] : checkLabel(name).map((text) => invalid(`${field}.name`, name, text))),
    ...(image ? [] : [required(`${field}.image`)]),
    ...(MESSAGE_POLICIES.includes(terminationMessagePolicy)
      ? []
      : [notSupported(`${field}.terminationMessagePolicy`, terminationMessagePolicy, MESSAGE_POLICIES)]),
    ...(container.ports ?? []).flatMap((port, index) => validatePort(port, `${field}.ports[${index}]`, names)),
    ...(container.env ?? []).flatMap((variable, index) => validateEnv(variable, `${field}.env[${index}]`)),
    ...validateEnvFrom(container, field),
    ...validateMounts(container.volumeMounts ?? [], `${field}.volumeMounts`, volumes),
    ...(PULL_POLICIES.includes(imagePullPolicy) ? [] : [notSupported(`${field}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES)]),
    ...validateResources(container.resources, `${field}.resources`),
    ...validateSecurityContext(container.securityContext, `${field}.securityContext`),
  ];
};

const validateHostPorts = (containers: readonly Container[], field: string): readonly FieldError[] => {
  const taken = new Set<string>();
  return containers.flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, at) => {
      if (!port.hostPort) return [];
      const id = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      const isTwice = taken.has(id);
      taken.add(id);
      return isTwice ? [duplicate(`${field}[${index}].ports[${at}].hostPort`, id)] : [];
    }),
  );
};

const ONLY_SIDECARS = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

const validateInitContainer = (container: Container, field: string, graceSeconds: number): readonly FieldError[] => {
  if (isSidecar(container))
    return [...validateLifecycle(container.lifecycle, `${field}.lifecycle`, graceSeconds), ...validateProbes(container, field)];
  return ONLY_SIDECARS.filter((name) => container[name] !== undefined).map((name) =>
    notAllowed(`${field}.${name}`, "may not be set for init containers without restartPolicy=Always"),
  );
};

/** App and init containers of a pod. */
export const validateContainers = (spec: PodSpec, volumes: ReadonlySet<string>): readonly FieldError[] => {
  const { containers, initContainers = [], terminationGracePeriodSeconds: graceSeconds = 0 } = spec;
  const names = new Set<string>();
  const twice = (name: string, field: string): readonly FieldError[] => {
    if (name !== "" && names.has(name)) return [duplicate(`${field}.name`, name)];
    names.add(name);
    return [];
  };
  return [
    ...(containers.length === 0 ? [required("spec.containers")] : []),
    ...containers.flatMap((container, index) => {
      const field = `spec.containers[${index}]`;
      return [
        ...validateContainer(container, field, volumes),
        ...twice(container.name, field),
        ...validateLifecycle(container.lifecycle, `${field}.lifecycle`, graceSeconds),
        ...validateProbes(container, field),
      ];
    }),
    ...validateHostPorts(containers, "spec.containers"),
    ...initContainers.flatMap((container, index) => {
      const field = `spec.initContainers[${index}]`;
      return [
        ...validateContainer(container, field, volumes),
        ...twice(container.name, field),
        ...validateInitContainer(container, field, graceSeconds),
      ];
    }),
  ];
};
