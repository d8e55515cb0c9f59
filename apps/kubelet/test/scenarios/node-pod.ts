import type { Container, Pod, Probe } from "@nk/pod-model";
import { LAB_IMAGES } from "@nk/tool-lab";
import { behavioursOf } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Scenario } from "./scenario.ts";

/** Where the containers of a scenario's pod keep how far they are; an emptyDir of this name. */
export const STATE = "state";

/** The images that scenarios name. */
export const imageOf = (name: string | undefined): string => (name === "other" ? LAB_IMAGES.busyboxNobody : LAB_IMAGES.busybox);

const onTerm = (behaviour: Extract<Behaviour, { type: "run" }>): string => {
  if (behaviour.code === undefined) return "";
  return behaviour.slowSeconds === 0 ? `exit ${behaviour.code}` : `sleep ${behaviour.slowSeconds}; exit ${behaviour.code}`;
};

const scriptOf = (name: string, behaviour: Behaviour): string => {
  if (behaviour.type === "exit") return `exit ${behaviour.code}`;
  const up = `/${STATE}/${name}.up`;
  return [
    `trap '${onTerm(behaviour)}' TERM`,
    `trap 'exit $(cat /${STATE}/${name}.exit)' USR1`,
    // The kubelet makes two of four: in a command `$$` stands for `$`.
    `echo $$$$ > ${up}.new; mv -f ${up}.new ${up}`,
    // A trap runs when the shell waits, not while something runs in its foreground.
    "while true; do sleep 1000 & wait $!; done",
  ].join("; ");
};

/** What a container runs: it counts its instances, and each does what the scenario says. */
const commandOf = (scenario: Scenario, name: string): readonly string[] => {
  const file = `/${STATE}/${name}`;
  const behaviours = behavioursOf(scenario.spec, name);
  const cases = behaviours.map(
    (behaviour, index) => `${index === behaviours.length - 1 ? "*" : index + 1}) ${scriptOf(name, behaviour)} ;;`,
  );
  const script = [
    `n=$(($(cat ${file}.n 2>/dev/null || echo 0) + 1)); echo $n > ${file}.n.new; mv -f ${file}.n.new ${file}.n`,
    `rm -f ${file}.up ${file}.startup ${file}.dead ${file}.ready`,
    `case $n in ${cases.join(" ")} esac`,
  ];
  return ["sh", "-c", script.join("\n")];
};

const exec = (script: string): Probe => ({
  exec: { command: ["sh", "-c", script] },
  periodSeconds: 1,
  timeoutSeconds: 30,
  failureThreshold: 1,
});

/** Probes whose verdicts the scenario gives by files: a startup probe waits for its own. */
const probesOf = ({ name, startupProbe, livenessProbe, readinessProbe }: Container): Partial<Container> => {
  const file = `/${STATE}/${name}`;
  return {
    ...(startupProbe === undefined
      ? {}
      : { startupProbe: { ...exec(`until [ -e ${file}.startup ]; do sleep 0.1; done; exit $(cat ${file}.startup)`), ...startupProbe } }),
    ...(livenessProbe === undefined ? {} : { livenessProbe: { ...exec(`[ ! -e ${file}.dead ]`), ...livenessProbe } }),
    ...(readinessProbe === undefined ? {} : { readinessProbe: { ...exec(`[ -e ${file}.ready ]`), ...readinessProbe } }),
  };
};

/** A container of a scenario as it can run on a node. */
export const toRealContainer = <T extends Container>(scenario: Scenario, container: T): T => {
  const { args: _args, ...rest } = container;
  return {
    ...rest,
    image: imageOf(container.image),
    imagePullPolicy: "IfNotPresent",
    command: commandOf(scenario, container.name),
    volumeMounts: [{ name: STATE, mountPath: `/${STATE}` }],
    ...probesOf(container),
  } as unknown as T;
};

/** The pod of a scenario as it can run on a node. */
export const toRealPod = (scenario: Scenario, name: string): Pod => {
  const { spec } = scenario;
  const real = (containers: readonly Container[]): readonly Container[] =>
    containers.map((container) => toRealContainer(scenario, container));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      ...spec,
      ...(spec.initContainers === undefined ? {} : { initContainers: real(spec.initContainers) }),
      containers: real(spec.containers),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      volumes: [{ name: STATE, emptyDir: {} }],
    },
  };
};
