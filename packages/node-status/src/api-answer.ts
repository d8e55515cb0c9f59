/**
 * What a rejection of an API port means. conflict: somebody else wrote first; rejected: the server answered finally; unavailable: no answer,
 * or one that says "later".
 */
export type ApiAnswer = "already-exists" | "conflict" | "forbidden" | "not-found" | "rejected" | "unavailable";

type Fields = { readonly [name: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** The error and the places where clients keep the server's Status object. */
const carriers = (error: unknown): readonly Fields[] =>
  isFields(error) ? [error, error["details"], error["status"], error["body"]].filter(isFields) : [];

const httpStatusOf = (field: Fields): number | undefined =>
  [field["statusCode"], field["httpStatus"], field["status"], field["code"]].find(
    (value): value is number => typeof value === "number" && value >= 100 && value < 600,
  );

const LATER_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Reads the HTTP status and reason from an error in the shapes clients use: `statusCode`, `httpStatus`, `status` or `code` (a number) and
 * `reason`, on the error itself or on the Status object under `details`, `status` or `body`. Without an HTTP status it is `unavailable`.
 */
export const classifyApiError = (error: unknown): ApiAnswer => {
  const fields = carriers(error);
  const status = fields.map(httpStatusOf).find((value) => value !== undefined);
  if (status === undefined || status < 400 || status >= 500 || LATER_STATUS.has(status)) return "unavailable";
  if (status === 404) return "not-found";
  if (status === 403) return "forbidden";
  if (status === 409) return fields.some(({ reason }) => reason === "AlreadyExists") ? "already-exists" : "conflict";
  return "rejected";
};
