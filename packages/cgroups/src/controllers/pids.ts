import type { Controller } from "../resources.ts";
import { formatLimit, parseLimit, setting } from "../resources.ts";

/** Tasks; the file is the same under v1 and v2. */
export const PIDS: Controller = {
  name: "pids",
  settings: ["tasks"],
  files: { 1: ["pids.max"], 2: ["pids.max"] },
  computeWrites: (_version, { tasks }) => (tasks === undefined ? [] : [{ file: "pids.max", value: formatLimit(tasks) }]),
  parse: (_version, read) => setting("tasks", parseLimit(read("pids.max"))),
};
