import { KubeletApiError } from "../errors.ts";
import type { CommandPort, ContainersPort } from "../ports.ts";
import type { Route } from "../route.ts";
import { sendText } from "../route.ts";
import { locateContainer, parseContainerPath } from "../streaming/target.ts";

/** `POST /run/NAMESPACE/POD[/UID]/CONTAINER?cmd=…`: runs a command to its end and answers with what it wrote, stdout first. */
export const runRoute = (ports: { readonly containers: ContainersPort; readonly commands: CommandPort }): Route => ({
  path: "/run",
  scope: "tree",
  methods: ["POST"],
  isLocalOnly: true,
  isLongRunning: () => true,
  serve: async (request, response) => {
    const { signal } = request;
    const path = parseContainerPath(request.rest);
    const { containerId } = await locateContainer(ports.containers, path, request);
    const command = (request.query.get("cmd") ?? "").split(" ");
    const { exitCode, stdout, stderr } = await ports.commands.execSync({ containerId, command }, { signal });
    if (exitCode !== 0)
      throw new KubeletApiError("internal", `command '${command.join(" ")}' exited with ${exitCode}: ${Buffer.from(stderr).toString()}`);
    const output = Buffer.concat([stdout, stderr]);
    // The reference calls it JSON whatever it is, and nothing when there is none.
    if (output.length > 0) sendText(response, output, "application/json");
    else response.writeHead(200, { "Content-Length": 0 }).end();
  },
});
