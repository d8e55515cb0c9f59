import type { Pod } from "@nk/pod-model";
import type { ContainersPort, StreamingPort } from "../ports.ts";
import type { Route } from "../route.ts";
import { proxyStream } from "../streaming/proxy.ts";
import type { StreamLimits } from "../streaming/proxy.ts";
import { streamingRoute } from "../streaming/streaming-route.ts";
import { locateContainer, parseContainerPath, parseStreamChoice } from "../streaming/target.ts";
import type { ContainerPath } from "../streaming/target.ts";

/** Whether a process has a terminal was settled when it was started, so the container's spec says it and not the client. */
const hasTty = ({ spec }: Pod, name: string): boolean =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].find(
    (container) => container.name === name,
  )?.tty === true;

/** The reference words it otherwise than for exec and run. */
const missing = (path: ContainerPath): string => `container ${path.container} not found in pod ${path.pod}_${path.namespace}`;

/** `/attach/NAMESPACE/POD[/UID]/CONTAINER`: the streams of a container's own process. */
export const attachRoute = (
  ports: { readonly containers: ContainersPort; readonly streaming: Pick<StreamingPort, "attach"> },
  limits: StreamLimits = {},
): Route =>
  streamingRoute("/attach", async (request, response) => {
    const { signal } = request;
    const path = parseContainerPath(request.rest);
    const choice = parseStreamChoice(request.query);
    const { pod, containerId } = await locateContainer(ports.containers, path, { signal, missing });
    const tty = hasTty(pod, path.container);
    const locate = (): Promise<string> => ports.streaming.attach({ ...choice, tty, containerId }, { signal });
    await proxyStream({ request, response, locate }, limits);
  });
