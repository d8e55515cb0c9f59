import { goJson } from "@nk/pod-model";
import type { Container, Pod, ResourceRequirements } from "@nk/pod-model";

type Amounts = { readonly [name: string]: string };

const sorted = (amounts: Amounts): Amounts => Object.fromEntries(Object.entries(amounts).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const hasAny = (amounts: Amounts | undefined): amounts is Amounts => amounts !== undefined && Object.keys(amounts).length > 0;

const summaryOf = ({ limits, requests, claims }: ResourceRequirements): unknown => ({
  ...(hasAny(limits) ? { limits: sorted(limits) } : {}),
  ...(hasAny(requests) ? { requests: sorted(requests) } : {}),
  ...(claims === undefined || claims.length === 0 ? {} : { claims }),
});

const listOf = (containers: readonly Container[]): unknown =>
  containers.map(({ name, resources = {} }) => ({ name, resources: summaryOf(resources) }));

/** What happened to a resize. */
export type ResizeNews = "completed" | "started" | "error" | "Deferred" | "Infeasible";

/** The message of an event about a resize, of which `news` is the third word: what the containers are to have, as JSON (pkg/kubelet/events/resize.go). */
export const resizeEventMessage = (
  news: string,
  pod: Pod,
  { generation, error = "" }: { readonly generation: number; readonly error?: string },
): string => {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  return `Pod resize ${news}: ${goJson({
    ...(initContainers.length > 0 ? { initContainers: listOf(initContainers) } : {}),
    ...(containers.length > 0 ? { containers: listOf(containers) } : {}),
    generation,
    ...(error === "" ? {} : { error }),
  })}`;
};
