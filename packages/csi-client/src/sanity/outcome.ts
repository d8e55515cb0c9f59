import { isCsiError } from "../errors.ts";
import { SanityFailure } from "./check.ts";
import type { CallOutcome } from "./check.ts";

/** How a call ended, with the driver's words. Rethrows what is no answer of the driver. */
export const outcomeOf = async (call: Promise<unknown>): Promise<{ readonly code: CallOutcome; readonly text: string }> => {
  try {
    await call;
    return { code: "ok", text: "" };
  } catch (error) {
    if (!isCsiError(error) || error.details.method === undefined) throw error;
    return { code: error.code, text: error.details.driverMessage ?? error.message };
  }
};

/** Fails the check unless the call ends with one of these. */
export const expectOutcome = async (call: Promise<unknown>, ...expected: readonly CallOutcome[]): Promise<void> => {
  const { code, text } = await outcomeOf(call);
  if (!expected.includes(code)) {
    throw new SanityFailure(`answered ${code}${text === "" ? "" : ` (${text})`}, expected ${expected.join(" or ")}`);
  }
};
