import type { Controller } from "../resources.ts";
import { setting } from "../resources.ts";

const FILES = ["cpuset.cpus", "cpuset.mems"];

/** A list that is empty says nothing: under v2 it means what the parent has. */
const parseList = (text: string | undefined): string | undefined => (text?.trim() ? text.trim() : undefined);

/** CPUs and memory nodes; the files have the same names under v1 and v2. */
export const CPUSET: Controller = {
  name: "cpuset",
  settings: ["cpus", "memoryNodes"],
  files: { 1: FILES, 2: FILES },
  computeWrites: (_version, { cpus, memoryNodes }) => [
    ...(cpus === undefined ? [] : [{ file: "cpuset.cpus", value: cpus }]),
    ...(memoryNodes === undefined ? [] : [{ file: "cpuset.mems", value: memoryNodes }]),
  ],
  parse: (_version, read) => ({
    ...setting("cpus", parseList(read("cpuset.cpus"))),
    ...setting("memoryNodes", parseList(read("cpuset.mems"))),
  }),
};
