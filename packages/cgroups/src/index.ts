export { createCgroups } from "./cgroups.ts";
export { CGROUPS_ERROR_CODES, CgroupsError, isCgroupsError } from "./errors.ts";
export { parsePodCgroupName, podCgroupDirectory, podCgroupPath, qosCgroupDirectory } from "./names.ts";
export type { Cgroups, CgroupsOptions } from "./cgroups.ts";
export type { CgroupsErrorCode } from "./errors.ts";
export type { CgroupLimits, CgroupState } from "./limits.ts";
export type { CgroupLayout, Hierarchy } from "./layout.ts";
export type { CgroupDriver, PodCgroup, PodCgroupInput, QosClass } from "./names.ts";
