import type { ContainersPort, StreamingPort } from "../ports.ts";
import type { Route } from "../route.ts";
import { proxyStream } from "../streaming/proxy.ts";
import type { StreamLimits } from "../streaming/proxy.ts";
import { streamingRoute } from "../streaming/streaming-route.ts";
import { locateContainer, parseContainerPath, parseStreamChoice } from "../streaming/target.ts";

/** `/exec/NAMESPACE/POD[/UID]/CONTAINER?command=…`: runs a command, its streams on an upgraded connection. */
export const execRoute = (
  ports: { readonly containers: ContainersPort; readonly streaming: Pick<StreamingPort, "exec"> },
  limits: StreamLimits = {},
): Route =>
  streamingRoute("/exec", async (request, response) => {
    const { query, signal } = request;
    const path = parseContainerPath(request.rest);
    const choice = parseStreamChoice(query);
    const { containerId } = await locateContainer(ports.containers, path, request);
    const command = query.getAll("command");
    const locate = (): Promise<string> => ports.streaming.exec({ ...choice, containerId, command }, { signal });
    await proxyStream({ request, response, locate }, limits);
  });
