import type { Controller } from "../resources.ts";
import { CPU } from "./cpu.ts";
import { CPUSET } from "./cpuset.ts";
import { HUGETLB } from "./hugetlb.ts";
import { IO } from "./io.ts";
import { MEMORY } from "./memory.ts";
import { PIDS } from "./pids.ts";

/** All controllers that have settings, in the order they are applied: where it may run, then how much. */
export const CONTROLLERS: readonly Controller[] = [CPUSET, CPU, MEMORY, HUGETLB, IO, PIDS];
