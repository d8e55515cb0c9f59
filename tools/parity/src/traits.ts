import { recordedPod } from "@nk/tool-recordings";
import type { RecordedEvent, RecordedObject, Recording } from "@nk/tool-recordings";

/** What has to be known of a scenario to run it elsewhere than where it was recorded. */
export interface Traits {
  /** `first` and `last` run while nothing else does, because others would be seen in their results; default: beside others. */
  readonly turn?: "first" | "last";
  /** The recorder deleted the pod while it was changing: its last status before that need only be shown, not be the last one. */
  readonly isMidway?: true;
  /** How long what was reached must stay; default 300. */
  readonly settleMs?: number;
  /** For both sides: what tells of the machine or of chance, not of the kubelet. */
  readonly rules?: readonly (readonly [RegExp, string])[];
  /** For the logs of both sides. */
  readonly normaliseLog?: (text: string) => string;
  /** Statuses on the way that a client gets to see or not, as {@link describeStatus} tells them; found by many runs of the reference. */
  readonly chanceStatus?: RegExp;
  /** Places in a last status, below `containerStatuses[0]` and the like, that are chance. */
  readonly chancePath?: RegExp;
  /** Events that come or not by chance. */
  readonly isChance?: (event: RecordedEvent) => boolean;
  /** Changes an object before it is created. */
  readonly adapt?: (object: RecordedObject) => RecordedObject;
}

const sortLines = (text: string): string => text.split("\n").toSorted().join("\n");

/** Of `ls -lR`: times, and what lies in a folder of the host. */
const normaliseListing = (text: string): string => {
  const [head = "", ...sections] = text.split(/\n(?=\n\/v\/[^:\n]*:\n)/u);
  const kept = sections.filter((section) => !/^\n\/v\/hp[/:]/u.test(section));
  return [head, ...kept]
    .join("\n")
    .replaceAll(/ [A-Z][a-z]{2} +\d+ \d\d:\d\d /gu, " <time> ")
    .replaceAll(/^(d\S+) +\d+ (.*) hp$/gmu, "$1 <n> $2 hp")
    .replaceAll(/^total \d+$/gmu, "total <n>");
};

/** Of the health checking server: times, and how often it was asked while the recorder waited. */
const normaliseHealthLog = (text: string): string =>
  text
    .replaceAll(/^I\d{4} [\d:.]+ +\d+ /gmu, "I<time> ")
    .replaceAll(/started at .*$/gmu, "started at <time>")
    .replaceAll(/(^I<time> log\.go:244\] Serving .*\n)\1+/gmu, "$1");

/** A probe that came before the server listened. */
const isRefused = ({ reason, message }: RecordedEvent): boolean =>
  reason === "Unhealthy" && message.endsWith("connect: connection refused");

const REFUSED_EARLY = /^Pending$/u;

/** The recorder missed that the sandbox is ready. */
const SANDBOX_READY = /^Pending PodReadyToStartContainers=True .* main=waiting\(ContainerCreating\)$/u;

const TRAITS: { readonly [scenario: string]: Traits } = {
  // Environment variables of services come out of a map.
  "p03-env": { normaliseLog: sortLines, chanceStatus: SANDBOX_READY },
  "p17-volumes": { normaliseLog: normaliseListing },
  // Containers that run for an instant.
  "p18-init": { chanceStatus: / i1=running /u },
  "p19-sidecar": { isMidway: true, chanceStatus: / i[12]=running /u },
  "p20-probes": { isChance: isRefused },
  // When the container before the last one has been removed in time, the last one stands for it, too.
  "p24-crash": {
    isMidway: true,
    chanceStatus: / main=(?:running|waiting\(CrashLoopBackOff\)|terminated\(Error\),restart 1)/u,
    chancePath: /lastState\.terminated\.containerID$/u,
  },
  "p26-termination-message": { chanceStatus: / file=(?:running|terminated)/u },
  // How the name of the registry fails to resolve is up to the host. The recorder left between the event of the back-off and its status.
  "p27-image-missing": {
    isMidway: true,
    rules: [[/(manifests\/1\\?": )[^\n"]*(?=$|"|\n)/gu, "$1<no such host>"]],
  },
  "p37-service-links": {
    turn: "last",
    chanceStatus: SANDBOX_READY,
    adapt: (object) =>
      object.kind === "Service" ? { ...object, spec: { ...(object["spec"] as object), clusterIP: "10.96.24.78" } } : object,
  },
  // One image under many names on the recording's node.
  "p40-grpc-probe": {
    rules: [[/gcr\.io\/k8s-authenticated-test\/agnhost:2\.6\b/gu, "registry.k8s.io/e2e-test-images/agnhost:2.63.0"]],
    normaliseLog: normaliseHealthLog,
    isChance: isRefused,
  },
  // A sandbox must not come while the volume does not.
  "p46-hostpath-missing": { settleMs: 3000 },
  // A pod that is refused right after the kubelet started shows no phase of its own for some seconds.
  "p48-node-selector-mismatch": { chanceStatus: REFUSED_EARLY },
  // The message tells what others use and what the node has.
  "p49-too-much-cpu": { turn: "first", chanceStatus: REFUSED_EARLY, rules: [[/(capacity: )\d+/gu, "$1<cpu of the node>"]] },
};

/** What is special about a scenario. */
export const traitsOf = (scenario: string): Traits => TRAITS[scenario] ?? {};

/** Environment variables whose value is the node's: limits that the container does not set (downward API). */
export const listNodeVariables = (recording: Recording): ReadonlySet<string> => {
  const containers = recordedPod(recording).spec?.containers ?? [];
  const names = containers.flatMap(({ env = [], resources }) =>
    env.flatMap(({ name, valueFrom }) => {
      const resource = valueFrom?.resourceFieldRef?.resource ?? "";
      const isOfNode = resource.startsWith("limits.") && resources?.limits?.[resource.slice("limits.".length)] === undefined;
      return isOfNode ? [name] : [];
    }),
  );
  return new Set(names);
};

const REPEATING: ReadonlySet<string> = new Set(["BackOff", "Unhealthy", "FailedMount", "DeadlineExceeded"]);

/** Events that come again as long as the pod stays as it is, or, for an image that is a volume, whenever the pod is looked at. */
export const isRepeating = ({ reason, fieldPath }: RecordedEvent): boolean =>
  REPEATING.has(reason) || (reason === "Pulled" && fieldPath === undefined);
