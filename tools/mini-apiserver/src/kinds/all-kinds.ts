import type { KindDefinition } from "./kind-definition.ts";
import { CORE_KINDS } from "./core/core-kinds.ts";

/** Every kind this tool knows, group by group in the order of discovery. */
export const ALL_KINDS: readonly KindDefinition[] = [...CORE_KINDS];
