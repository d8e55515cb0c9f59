import type { Clock, Logger } from "@nk/stdx";
import type { Store } from "../contracts.ts";
import type { LocalClient } from "../rest/local-client.ts";

/** What every controller takes. */
export interface ControllerOptions {
  readonly store: Store;
  readonly client: LocalClient;
  readonly clock: Clock;
  readonly logger: Logger;
}
