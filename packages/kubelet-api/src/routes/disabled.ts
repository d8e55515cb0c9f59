import { KubeletApiError } from "../errors.ts";
import type { NodeSubresource, Route } from "../route.ts";

/** What a configuration switches off, in the reference's words. */
export type DisabledWhat = "Debug endpoints are" | "logs endpoint is" | "profiling endpoint is" | "flags endpoint is";

/** Answers everybody who may ask with 405 and the words that say what is switched off. */
export const disabledRoute = (
  what: DisabledWhat,
  options: { readonly path: string | readonly string[]; readonly subresources?: readonly NodeSubresource[] },
): Route => ({
  ...options,
  scope: "tree",
  methods: "any",
  serve: () => {
    throw new KubeletApiError("method-not-allowed", `${what} disabled.\n`);
  },
});

/** What is there instead of the debugging routes: when they are switched off, and on the read-only server. */
export const debuggingDisabledRoutes: readonly Route[] = [
  disabledRoute("Debug endpoints are", {
    path: ["/run/", "/exec/", "/attach/", "/portForward/", "/containerLogs/", "/debug/pprof/"],
  }),
  disabledRoute("Debug endpoints are", { path: "/runningpods/", subresources: ["pods", "proxy"] }),
  disabledRoute("Debug endpoints are", { path: "/logs/", subresources: ["log"] }),
];
