import type { ApiJson, LabImages } from "@nk/tool-lab";

/** What the one app container of a pod runs. */
export const IMAGES = ["pause", "busybox"] as const;
export type BenchImage = (typeof IMAGES)[number];

/** How a pod of the bench is made. */
export interface BenchPod {
  readonly name: string;
  readonly image: BenchImage;
  /** Undefined: the scheduler says. */
  readonly nodeName: string | undefined;
  /** Init containers that end at once; default 0. */
  readonly initContainers?: number;
}

/** A shell needs a moment to set its trap: how long a container is left alone before it is asked to end. */
export const TRAP_SET_MS = 250;

/** Both obey TERM at once: the figures of deletion hold no grace. */
const OBEYING_SHELL = ["sh", "-c", 'trap "exit 0" TERM; sleep 3600 & wait'];

/** Everything else is as it is by default, the service account's token among it. */
export const renderPod = ({ name, image, nodeName, initContainers = 0 }: BenchPod, images: LabImages): ApiJson => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: "nk-bench" } },
  spec: {
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(initContainers === 0
      ? {}
      : {
          initContainers: Array.from({ length: initContainers }, (_, index) => ({
            name: `init-${index}`,
            image: images.busybox,
            imagePullPolicy: "IfNotPresent",
            command: ["true"],
          })),
        }),
    containers: [
      {
        name: "main",
        image: images[image],
        imagePullPolicy: "IfNotPresent",
        ...(image === "busybox" ? { command: OBEYING_SHELL } : {}),
      },
    ],
  },
});
