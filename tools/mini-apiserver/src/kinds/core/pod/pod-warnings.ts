import type { Container, Pod } from "@nk/pod-model";
import type { ApiObject } from "../../../contracts.ts";

const repeated = (values: readonly string[]): readonly number[] =>
  values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));

const envWarnings = (container: Container, field: string): readonly string[] => {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap(({ name, value = "", valueFrom }, index) => {
    const hides = seen.has(name) && (valueFrom !== undefined || value === `$(${name})` || !value.includes(`$(${name})`));
    seen.add(name);
    return hides ? [`${field}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`] : [];
  });
};

const portWarnings = (containers: readonly (readonly [Container, string])[]): readonly string[] => {
  const seen = new Map<string, string>();
  const names = new Map<string, string>();
  return containers.flatMap(([container, field]) =>
    (container.ports ?? []).flatMap(({ containerPort, protocol = "TCP", hostPort = 0, hostIP = "", name = "" }, index) => {
      const at = `${field}.ports[${index}]`;
      const id = `${containerPort}/${protocol}/${hostIP}/${hostPort}`;
      const [other, namesake] = [seen.get(id), names.get(name)];
      if (other === undefined) seen.set(id, at);
      if (namesake === undefined && name !== "") names.set(name, at);
      return [
        ...(other === undefined ? [] : [`${at}: duplicate port definition with ${other}`]),
        ...(namesake === undefined
          ? []
          : [`${at}: duplicate port name "${name}" with ${namesake}, services and probes that select ports by name will use ${namesake}`]),
      ];
    }),
  );
};

/** What the reference lets pass with a remark, for the commoner of its remarks (pkg/api/pod/warnings.go, 1.36). */
export const warningsOfPod = (object: ApiObject): readonly string[] => {
  const { spec = { containers: [] } } = object as Pod;
  const containers: readonly (readonly [Container, string])[] = [
    ...(spec.initContainers ?? []).map((container, index) => [container, `spec.initContainers[${index}]`] as const),
    ...spec.containers.map((container, index) => [container, `spec.containers[${index}]`] as const),
  ];
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = "" }) => name);
  const aliases = (spec.hostAliases ?? []).map(({ ip }) => ip);
  return [
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ labelSelector }, index) =>
      labelSelector === undefined
        ? [`spec.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`]
        : [],
    ),
    ...repeated(aliases).map((index) => `spec.hostAliases[${index}].ip: duplicate ip "${aliases[index]}"`),
    ...repeated(secrets).map((index) => `spec.imagePullSecrets[${index}].name: duplicate name "${secrets[index]}"`),
    ...secrets.flatMap((name, index) => (name === "" ? [`spec.imagePullSecrets[${index}].name: invalid empty name ""`] : [])),
    ...containers.flatMap(([container, field]) => envWarnings(container, field)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? ["spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"]
      : []),
  ];
};
