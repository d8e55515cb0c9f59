import type { ServerResponse } from "node:http";
import { stringify as stringifyYaml } from "yaml";
import { isApiError, internalError, statusOf } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";

/** One answer. */
export interface Answer {
  readonly code: number;
  /** JSON text. */
  readonly body: string;
  readonly format?: "json" | "yaml";
  readonly warnings?: readonly string[];
  readonly headers?: { readonly [name: string]: string };
}

const MAX_WARNINGS_BYTES = 4 * 1024;

/** `299 - "text"`, cut so that headers stay small. */
const formatWarnings = (warnings: readonly string[]): readonly string[] => {
  const values: string[] = [];
  let bytes = 0;
  for (const text of new Set(warnings)) {
    // A header holds no control characters and no bytes past Latin-1.
    const plain = text.replaceAll(/[^\u0020-\u007e]/gu, " ").replaceAll(/["\\]/gu, String.raw`\$&`);
    bytes += plain.length;
    if (bytes > MAX_WARNINGS_BYTES) break;
    values.push(`299 - "${plain}"`);
  }
  return values;
};

/** Sends it whole. Nothing happens when the answer has begun already or the client is gone. */
export const sendAnswer = (response: ServerResponse, answer: Answer): void => {
  if (response.headersSent || response.destroyed) return;
  const { code, warnings = [], headers = {}, format = "json" } = answer;
  const body = Buffer.from(format === "yaml" ? stringifyYaml(JSON.parse(answer.body)) : `${answer.body}\n`);
  response.statusCode = code;
  response.setHeader("content-type", format === "yaml" ? "application/yaml" : "application/json");
  response.setHeader("cache-control", "no-cache, private");
  response.setHeader("content-length", body.length);
  if (warnings.length > 0) response.setHeader("warning", formatWarnings(warnings));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
};

/** Sends text as it is, e.g. `ok`. */
export const sendText = (response: ServerResponse, code: number, text: string): void => {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = code;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("x-content-type-options", "nosniff");
  response.end(text);
};

/** Any error as an {@link ApiError}; what nobody foresaw is a 500 that does not tell what it was. */
export const asApiError = (error: unknown): ApiError => (isApiError(error) ? error : internalError("the request failed"));

/** Sends an error as a Status. */
export const sendError = (response: ServerResponse, error: ApiError, warnings: readonly string[] = []): void => {
  const retryAfter = error.details?.retryAfterSeconds;
  sendAnswer(response, {
    code: error.code,
    body: JSON.stringify(statusOf(error)),
    warnings,
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": `${retryAfter}` } }),
  });
};
