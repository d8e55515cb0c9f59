import { isOwnerAlive, listLabRecords, removeBrokenSlots, takeOverSlot } from "./slots.ts";
import { tearDown } from "./teardown.ts";
import type { LeakReport } from "./teardown.ts";

/** Removes every lab whose owner is dead (a killed test run); labs of living owners stay. Returns one report per lab removed. */
export const sweepStaleLabs = async (options: { readonly onProgress?: (message: string) => void } = {}): Promise<readonly LeakReport[]> => {
  const reports: LeakReport[] = [];
  removeBrokenSlots();
  for (const record of listLabRecords()) {
    if (isOwnerAlive(record)) continue;
    const mine = takeOverSlot(record);
    if (mine === undefined) continue;
    options.onProgress?.(`removing what a killed run left in ${record.dir}`);
    reports.push(await tearDown(mine));
  }
  return reports;
};
