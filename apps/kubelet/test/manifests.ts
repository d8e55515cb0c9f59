import type { Container, Pod, PodSpec } from "@nk/pod-model";

/** The lab's shell. */
export const BUSYBOX = "docker.io/library/busybox:latest";

/** A container of the lab's busybox that runs a shell script. */
export const shell = (name: string, script: string, more: Partial<Container> = {}): Container => ({
  name,
  image: BUSYBOX,
  imagePullPolicy: "IfNotPresent",
  command: ["sh", "-c", script],
  ...more,
});

/** A script that ends at once when it is asked to, which a shell as process 1 otherwise would not. */
export const SLEEP = "trap 'exit 0' TERM; sleep 100000 & wait";

/** A pod manifest with a grace period of one second. */
export const podOf = (name: string, containers: readonly Container[], more: Partial<PodSpec> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { terminationGracePeriodSeconds: 1, containers, ...more },
});
