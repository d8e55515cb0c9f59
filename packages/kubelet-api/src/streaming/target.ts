import type { Pod } from "@nk/pod-model";
import { podRef } from "@nk/pod-model";
import { KubeletApiError, routeNotFound } from "../errors.ts";
import type { ContainersPort, StreamChoice } from "../ports.ts";
import type { RouteRequest } from "../route.ts";

/** What the path of `/exec`, `/attach` and `/run` names. */
export interface ContainerPath {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  readonly container: string;
}

/** A container of a known pod. */
export interface LocatedContainer {
  readonly pod: Pod;
  readonly containerId: string;
}

/** How {@link locateContainer} waits and fails. */
export interface LocateOptions extends Pick<RouteRequest, "signal"> {
  readonly missing?: (path: ContainerPath) => string;
}

/** Reads `NAMESPACE/POD[/UID]/CONTAINER`. @throws KubeletApiError "not-found" */
export const parseContainerPath = (rest: readonly string[]): ContainerPath => {
  const [namespace, pod, third, fourth] = rest;
  if (namespace === undefined || pod === undefined || third === undefined || rest.length > 4) throw routeNotFound();
  return fourth === undefined ? { namespace, pod, uid: undefined, container: third } : { namespace, pod, uid: third, container: fourth };
};

/**
 * Which streams a client wants (cri-streaming, remotecommand.NewOptions): `1` and nothing else is yes, and a terminal has no stderr of its
 * own. @throws KubeletApiError "bad-request"
 */
export const parseStreamChoice = (query: URLSearchParams): StreamChoice => {
  const isOn = (name: string): boolean => query.get(name) === "1";
  const tty = isOn("tty");
  const choice = { stdin: isOn("input"), stdout: isOn("output"), stderr: isOn("error") && !tty, tty };
  if (choice.stdin || choice.stdout || choice.stderr) return choice;
  throw new KubeletApiError("bad-request", "you must specify at least 1 of stdin, stdout, stderr");
};

/** Finds a pod by name and, when given, UID. @throws KubeletApiError "not-found" */
export const findPod = (
  containers: Pick<ContainersPort, "findPod">,
  path: { readonly namespace: string; readonly pod: string; readonly uid: string | undefined },
): Pod => {
  const pod = containers.findPod({ namespace: path.namespace, name: path.pod });
  if (pod === undefined) throw new KubeletApiError("not-found", "pod does not exist");
  if (path.uid !== undefined && podRef(pod).uid !== path.uid) throw new KubeletApiError("not-found", "pod not found");
  return pod;
};

/** Finds the running container that a path names; `missing` words its absence. @throws KubeletApiError "not-found", "internal" */
export const locateContainer = async (
  containers: ContainersPort,
  path: ContainerPath,
  { signal, missing = ({ container }) => `container not found ("${container}")` }: LocateOptions,
): Promise<LocatedContainer> => {
  const pod = findPod(containers, path);
  const { container } = path;
  const containerId = await containers.findContainer({ podUid: podRef(pod).uid, container }, { signal });
  // 500 and not 404: so the reference answers.
  if (containerId === undefined) throw new KubeletApiError("internal", missing(path));
  return { pod, containerId };
};
