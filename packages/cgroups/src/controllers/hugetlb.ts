import type { Controller, Limit } from "../resources.ts";
import { formatLimit, parseLimit, setting } from "../resources.ts";

/** Sizes that some architecture has, as the kernel names them; a host has the files of its own. */
const PAGE_SIZES = ["64KB", "1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "256MB", "512MB", "1GB", "2GB", "16GB"];

const file = (version: 1 | 2, pageSize: string, kind: "" | "rsvd." = ""): string =>
  version === 1 ? `hugetlb.${pageSize}.${kind}limit_in_bytes` : `hugetlb.${pageSize}.${kind}max`;

const filesOf = (version: 1 | 2): readonly string[] => PAGE_SIZES.map((pageSize) => file(version, pageSize));

/** Huge pages: what may be used, and what may be reserved, which kernels before 5.7 do not tell apart. */
export const HUGETLB: Controller = {
  name: "hugetlb",
  settings: ["hugePageBytes"],
  files: { 1: filesOf(1), 2: filesOf(2) },
  computeWrites: (version, { hugePageBytes = {} }) =>
    Object.entries(hugePageBytes).flatMap(([pageSize, limit]) => {
      const value = formatLimit(limit, version === 1 ? "-1" : "max");
      return [
        { file: file(version, pageSize), value },
        { file: file(version, pageSize, "rsvd."), value, isOptional: true },
      ];
    }),
  parse: (version, read) => {
    const found = PAGE_SIZES.flatMap((pageSize): readonly (readonly [string, Limit])[] => {
      const limit = parseLimit(read(file(version, pageSize)));
      return limit === undefined ? [] : [[pageSize, limit]];
    });
    return setting("hugePageBytes", found.length === 0 ? undefined : Object.fromEntries(found));
  },
};
