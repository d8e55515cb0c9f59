/** How a pod of the bench behaves. */
export interface BenchPod {
  readonly name: string;
  readonly image: string;
  /** Whether its container ends when it is asked to; otherwise it must be killed. */
  readonly obeysTerm: boolean;
  /** Another value is another pod to the kubelet. */
  readonly version?: number;
}

/** What the manifests state; the kubelet gives no container less than two seconds (reference: minimumGracePeriodInSeconds). */
export const GRACE_SECONDS = 1;
/** What a container that ignores TERM gets. */
export const EFFECTIVE_GRACE_MS = 2000;

const OBEYING = ["sh", "-c", 'trap "exit 0" TERM; sleep 3600 & wait'];
/** The first process of a pid namespace ignores signals that it has no handler for. */
const STUBBORN = ["sleep", "3600"];

/** How long a container is left alone before it is asked to end: a shell needs a moment to set its trap. */
export const TRAP_SET_MS = 150;

/** The manifest, as JSON, which is YAML. */
export const renderManifest = ({ name, image, obeysTerm, version = 0 }: BenchPod): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "nk-bench", version: String(version) } },
    spec: {
      terminationGracePeriodSeconds: GRACE_SECONDS,
      containers: [{ name: "main", image, imagePullPolicy: "IfNotPresent", command: obeysTerm ? OBEYING : STUBBORN }],
    },
  });
