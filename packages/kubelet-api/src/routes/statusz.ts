import type { Clock } from "@nk/stdx";
import { negotiateZPage, sendZPage, zPageHeader } from "../http/negotiate.ts";
import type { SelfPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

const twoDigits = (value: number): string => String(value).padStart(2, "0");

const formatUptime = (seconds: number): string =>
  `${Math.floor(seconds / 3600)} hr ${twoDigits(Math.floor(seconds / 60) % 60)} min ${twoDigits(seconds % 60)} sec`;

/** First parts of the paths, each once. */
const foldersOf = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths.map((path) => `/${path.split("/")[1] ?? ""}`))].filter((folder) => folder !== "/").toSorted();

/** `/statusz`: since when it runs, its version, and where to look. `paths` are those of the other routes. */
export const statuszRoute = (
  self: Pick<SelfPort, "status">,
  options: { readonly clock: Clock; readonly paths: readonly string[] },
): Route => ({
  path: "/statusz",
  methods: "any",
  subresources: ["statusz"],
  isLocalOnly: true,
  serve: (request, response) => {
    const form = negotiateZPage(request.headers.accept, "Statusz");
    const { startedAtMs, binaryVersion, runtimeVersion } = self.status();
    const uptimeSeconds = Math.max(0, Math.floor((options.clock.nowMs() - startedAtMs) / 1000));
    const emulationVersion = binaryVersion.split(".").slice(0, 2).join(".");
    const startTime = new Date(startedAtMs).toISOString().replace(/\.\d+Z$/, "Z");
    const paths = foldersOf(options.paths);
    if (form.kind === "object") {
      const { apiVersion } = form;
      const values = { startTime, uptimeSeconds, goVersion: runtimeVersion, binaryVersion, emulationVersion, paths };
      sendZPage(response, form, { kind: "Statusz", apiVersion, metadata: { name: "kubelet" }, ...values });
      return;
    }
    const lines = [
      `Started= ${startTime}`,
      `Up= ${formatUptime(uptimeSeconds)}`,
      `Runtime version= ${runtimeVersion}`,
      `Binary version= ${binaryVersion}`,
      `Emulation version= ${emulationVersion}`,
      `Paths= ${paths.join(" ")}`,
    ];
    sendText(response, `${zPageHeader("statusz")}\n${lines.join("\n")}\n`);
  },
});
