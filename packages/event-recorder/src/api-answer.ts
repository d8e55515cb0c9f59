/**
 * What a rejection of the sink means:
 * already-exists: an event of that name is there; not-found: the patched event is gone; conflict: somebody else wrote it;
 * namespace-terminating: its namespace is going away; rejected: the server answered finally; unavailable: no answer, or one that says "later".
 */
export type ApiAnswer = "already-exists" | "not-found" | "conflict" | "namespace-terminating" | "rejected" | "unavailable";

type Fields = { readonly [name: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** The error and the places where clients keep the server's Status object. */
const carriers = (error: unknown): readonly Fields[] => {
  if (!isFields(error)) return [];
  return [error, error["details"], error["status"], error["body"]].filter(isFields);
};

const firstOf = <T>(fields: readonly Fields[], pick: (field: Fields) => T | undefined): T | undefined => {
  for (const field of fields) {
    const value = pick(field);
    if (value !== undefined) return value;
  }
  return undefined;
};

const httpStatusOf = (field: Fields): number | undefined =>
  [field["statusCode"], field["httpStatus"], field["status"], field["code"]].find(
    (value): value is number => typeof value === "number" && value >= 100 && value < 600,
  );

const reasonOf = ({ reason }: Fields): string | undefined => (typeof reason === "string" && reason !== "" ? reason : undefined);

const isTerminatingCause = (cause: unknown): boolean => isFields(cause) && cause["reason"] === "NamespaceTerminating";

const hasTerminatingCause = (field: Fields): boolean => {
  const details = isFields(field["details"]) ? field["details"] : field;
  return Array.isArray(details["causes"]) && details["causes"].some(isTerminatingCause);
};

const LATER_STATUS = new Set([408, 425, 429]);

/**
 * Reads the HTTP status, reason and causes from an error in the shapes clients use: fields `statusCode`, `httpStatus`, `status` or `code`
 * (a number) and `reason` on the error itself or on the Status object under `details`, `status` or `body`. An error without an HTTP
 * status is a failure to reach the server. Too Many Requests and 5xx mean "later" (the reference gives those up).
 */
export const classifyApiError = (error: unknown): ApiAnswer => {
  const fields = carriers(error);
  const status = firstOf(fields, httpStatusOf);
  const reason = firstOf(fields, reasonOf);
  if (fields.some(hasTerminatingCause)) return "namespace-terminating";
  if (status === undefined || status >= 500 || status < 400 || LATER_STATUS.has(status)) return "unavailable";
  if (status === 404) return "not-found";
  if (status === 409) return reason === "Conflict" ? "conflict" : "already-exists";
  return "rejected";
};
