import type { Setter, SetterOutput } from "./setter.ts";

/** What the runtime can do for every handler. */
export const setFeatures: Setter = ({ facts: { runtime } }): SetterOutput =>
  runtime.features === undefined ? {} : { status: { features: { supplementalGroupsPolicy: runtime.features.supplementalGroupsPolicy } } };
