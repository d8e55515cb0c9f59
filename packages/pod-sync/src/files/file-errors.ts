/** Whether an error of node:fs has one of the codes; the only place that looks at them. */
export const hasErrorCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** What a task found, or the given value when the file or directory does not exist. */
export const orIfMissing = async <T>(task: Promise<T>, missing: T): Promise<T> => {
  try {
    return await task;
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return missing;
    throw error;
  }
};
