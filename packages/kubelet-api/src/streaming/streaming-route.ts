import type { Route } from "../route.ts";

/** A route for everything below a path that answers with the streams of an upgraded connection, for as long as they last. */
export const streamingRoute = (path: string, serve: Route["serve"]): Route => ({
  path,
  scope: "tree",
  methods: ["GET", "POST"],
  isLocalOnly: true,
  isLongRunning: () => true,
  serve,
});
