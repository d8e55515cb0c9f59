import { CERTIFICATE_KINDS } from "./certificate-kinds.ts";
import { CORE_KINDS } from "./core/core-kinds.ts";
import { EVENT_V1 } from "./event-v1.ts";
import { GROUP_KINDS } from "./group-kinds.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { WORKLOAD_KINDS } from "./workload-kinds.ts";

/** Every kind this tool knows, group by group. */
export const ALL_KINDS: readonly KindDefinition[] = [...CORE_KINDS, ...WORKLOAD_KINDS, ...CERTIFICATE_KINDS, EVENT_V1, ...GROUP_KINDS];
