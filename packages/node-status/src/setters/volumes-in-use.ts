import type { Setter, SetterOutput } from "./setter.ts";

/** Attachable volumes that are mounted or about to be: the attach controller must not detach them. */
export const setVolumesInUse: Setter = ({ facts: { volumesInUse } }): SetterOutput =>
  volumesInUse === undefined ? {} : { status: { volumesInUse: volumesInUse.toSorted() } };
