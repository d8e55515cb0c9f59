import type { Setter, SetterOutput } from "./setter.ts";

/** What this kubelet can do that a pod may need, for the scheduler (KEP-5328). */
export const setDeclaredFeatures: Setter = ({ settings: { declaredFeatures } }): SetterOutput =>
  declaredFeatures === undefined ? {} : { status: { declaredFeatures } };
