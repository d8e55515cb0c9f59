import type { Logger } from "@nk/stdx";
import { isApiError } from "../api-error.ts";

/**
 * Runs one step of a controller. That an object is gone or was changed by somebody else is how things go: the change that tells of it comes
 * too, and the step runs again. Anything else is logged and does not end the controller.
 */
export const attempt = (logger: Logger, what: string, step: () => void): void => {
  try {
    step();
  } catch (error) {
    if (isApiError(error) && (error.code === 404 || error.code === 409)) return;
    logger.error("a controller's step failed", { what, error });
  }
};
