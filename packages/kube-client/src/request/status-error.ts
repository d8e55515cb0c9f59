import type { Status } from "@nk/pod-model";
import { KubeClientError } from "../errors.ts";
import type { KubeClientErrorCode } from "../errors.ts";

const MAX_MESSAGE_LENGTH = 1_024;
const MAX_CAUSES = 32;

const BY_STATUS: Readonly<Record<number, KubeClientErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  410: "gone",
  422: "invalid",
  429: "too-many-requests",
  502: "unavailable",
  503: "unavailable",
  504: "timeout",
};

const codeOf = (status: number, reason: string | undefined): KubeClientErrorCode => {
  if (reason === "AlreadyExists") return "already-exists";
  if (reason === "Expired" || reason === "Gone") return "gone";
  return BY_STATUS[status] ?? (status >= 500 ? "internal" : status >= 400 ? "bad-request" : "bad-answer");
};

/** The Status of an error's body; undefined when it is something else, as from a proxy. */
export const parseStatus = (value: unknown): Status | undefined =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "Status" ? (value as Status) : undefined;

const parseBody = (text: string): Status | undefined => {
  try {
    return parseStatus(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** Milliseconds of a Retry-After header in seconds (the only form the API server sends); undefined for anything else. */
export const parseRetryAfter = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/u.test(header.trim()) ? Number(header) * 1_000 : undefined;

/** Text of a server or proxy as part of a message: bounded, one line, and without anything that looks like credentials. */
const boundText = (text: string): string =>
  text
    .slice(0, MAX_MESSAGE_LENGTH * 2)
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/giu, "$1 ***")
    .slice(0, MAX_MESSAGE_LENGTH)
    .trim();

/** What {@link statusError} takes. */
export interface ErrorAnswer {
  /** "cannot get pods default/web". */
  readonly what: string;
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: string | Status;
}

/** The error that a status of 400 or more, or an ERROR event of a watch, stands for. */
export const statusError = (answer: ErrorAnswer): KubeClientError => {
  const parsed = typeof answer.body === "string" ? parseBody(answer.body) : answer.body;
  const reason = parsed?.reason;
  const text = boundText(parsed?.message ?? (typeof answer.body === "string" ? answer.body : ""));
  const seconds = parsed?.details?.retryAfterSeconds;
  const retryAfterMs = parseRetryAfter(answer.retryAfter) ?? (typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : undefined);
  const causes = Array.isArray(parsed?.details?.causes) ? parsed.details.causes : undefined;
  return new KubeClientError({
    code: codeOf(answer.status, reason),
    message: `${answer.what}: ${text === "" ? `the server answered ${answer.status}` : text}`,
    details: {
      status: answer.status,
      reason,
      retryAfterMs,
      serverMessage: text === "" ? undefined : text,
      causes: causes?.slice(0, MAX_CAUSES).map((cause) => ({ reason: cause.reason, field: cause.field })),
      // 401 and 429 come from filters in front of everything that acts.
      mayHaveHadEffect: answer.status >= 500 ? undefined : false,
    },
  });
};
