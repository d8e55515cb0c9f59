import type { CsiCalls } from "../calls.ts";
import type { CsiErrorCode } from "../errors.ts";
import type { NodeGetInfoResponse } from "../gen/csi/v1/csi.ts";
import type { CsiDriverFacts } from "../open.ts";
import type { CsiSupports } from "../supports.ts";
import type { SanityVolumes } from "./volumes-under-test.ts";

/** What a call ended with: `ok` or an error's code. */
export type CallOutcome = "ok" | CsiErrorCode;

/** What a check works with. */
export interface SanityWorld {
  /** Sent once, whatever the driver says it can do. */
  readonly calls: CsiCalls;
  readonly driver: CsiDriverFacts;
  readonly node: NodeGetInfoResponse | undefined;
  /** Volumes and what is done with them; whatever is left when the check ends is undone. */
  readonly volumes: SanityVolumes;
  /** An id that nothing has. */
  readonly unknownId: string;
  /** A name that nothing has yet. */
  readonly newName: (what: string) => string;
}

/** One thing that a driver must do. */
export interface SanityCheck {
  /** Stable; what `only` and `skip` select by. */
  readonly id: string;
  readonly title: string;
  /** Skipped unless the driver supports all of these. */
  readonly needs: readonly (keyof CsiSupports)[];
  run(world: SanityWorld): Promise<void>;
}

/** Thrown by a check that finds something wrong. */
export class SanityFailure extends Error {
  override readonly name = "SanityFailure";
}

/** Thrown by a check that finds out that it does not apply. */
export class SanitySkip extends Error {
  override readonly name = "SanitySkip";
}

/** Fails the check unless the condition holds. */
export const expectThat = (condition: boolean, otherwise: string): void => {
  if (!condition) throw new SanityFailure(otherwise);
};

/** Makes the checks of one area; their ids begin with it. */
export const area =
  (prefix: string) =>
  (id: string, title: string, rest: Pick<SanityCheck, "needs" | "run">): SanityCheck => ({ id: `${prefix}-${id}`, title, ...rest });
