import type { KindDefinition } from "../kind-definition.ts";
import { POD } from "./pod.ts";
import { NAMESPACE } from "./namespace.ts";
import { PLAIN_CORE_KINDS } from "./plain.ts";

/** Kinds of core/v1. */
export const CORE_KINDS: readonly KindDefinition[] = [NAMESPACE, POD, ...PLAIN_CORE_KINDS];
