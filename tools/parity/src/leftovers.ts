import { systemClock } from "@nk/stdx";
import type { ProxiedCall } from "@nk/tool-recordings";

/** The reference's garbage collection comes by once a minute. */
const PATIENCE_MS = 90_000;
const LOOK_AGAIN_MS = 250;

/** The fields of the runtime's messages that matter here. */
interface Fields {
  readonly podSandboxId?: string;
  readonly containerId?: string;
  readonly config?: { readonly metadata?: { readonly name?: string } };
}

/**
 * What was made and not removed again, by name; a sandbox takes its containers with it. The recordings cannot tell of it: when garbage is
 * collected is chance, so single removals are not compared.
 */
export const findLeftovers = (calls: readonly ProxiedCall[]): readonly string[] => {
  const sandboxes = new Map<string, string>();
  const containers = new Map<string, { readonly name: string; readonly sandboxId: string }>();
  for (const { method, request, response } of calls) {
    const { podSandboxId = "", containerId = "", config }: Fields = request;
    const made: Fields = response;
    const name = config?.metadata?.name ?? "";
    if (method === "RunPodSandbox") sandboxes.set(made.podSandboxId ?? "", name);
    else if (method === "CreateContainer") containers.set(made.containerId ?? "", { name, sandboxId: podSandboxId });
    else if (method === "RemoveContainer") containers.delete(containerId);
    else if (method === "RemovePodSandbox") {
      sandboxes.delete(podSandboxId);
      for (const [id, { sandboxId }] of containers) if (sandboxId === podSandboxId) containers.delete(id);
    }
  }
  return [
    ...[...sandboxes.values()].map((pod) => `the sandbox of pod ${pod}`),
    ...[...containers.values()].map(({ name, sandboxId }) => `container ${name} of pod ${sandboxes.get(sandboxId) ?? "unknown"}`),
  ];
};

/** Waits until everything is removed, and answers what still is not when patience ends. */
export const untilRemoved = async (
  proxy: { readonly calls: readonly ProxiedCall[] },
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> => {
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const left = findLeftovers(proxy.calls);
    if (left.length === 0 || systemClock.monotonicMs() >= deadlineMs) return left;
    await systemClock.sleep(LOOK_AGAIN_MS, options);
  }
};
