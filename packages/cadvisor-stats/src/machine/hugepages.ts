import { listNumbered, readNumber } from "./files.ts";

/** Huge pages of one size that were set aside. */
export interface HugePages {
  readonly pageBytes: number;
  readonly pages: number;
  readonly freePages: number;
}

/** The sizes below a directory such as /sys/kernel/mm/hugepages, smallest first; none when the kernel has no huge pages. */
export const readHugePages = (directory: string): readonly HugePages[] =>
  listNumbered(directory, /^hugepages-(\d+)kB$/).map((kilobytes) => {
    const at = `${directory}/hugepages-${kilobytes}kB`;
    return {
      pageBytes: kilobytes * 1024,
      pages: readNumber(`${at}/nr_hugepages`) ?? 0,
      freePages: readNumber(`${at}/free_hugepages`) ?? 0,
    };
  });
