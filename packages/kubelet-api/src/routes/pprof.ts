import { routeNotFound } from "../errors.ts";
import type { Route } from "../route.ts";

/** `/debug/pprof/`: there is no Go runtime to profile, so there is nothing below it. */
export const pprofRoute: Route = {
  path: "/debug/pprof/",
  scope: "tree",
  methods: ["GET"],
  isLocalOnly: true,
  serve: () => {
    throw routeNotFound();
  },
};
