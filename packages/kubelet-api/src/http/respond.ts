import type { ServerResponse } from "node:http";
import type { Logger } from "@nk/stdx";
import { isKubeletApiError, KubeletApiError } from "../errors.ts";

const ESCAPES: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

/** Text that stands in HTML, escaped as Go does. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

/** A temporary redirect in Go's form (net/http, Redirect). */
export const sendRedirect = (response: ServerResponse, location: string, method: string): void => {
  const body = method === "GET" ? `<a href="${escapeHtml(location)}">Temporary Redirect</a>.\n\n` : "";
  response.writeHead(307, {
    Location: location,
    ...(method === "GET" || method === "HEAD" ? { "Content-Type": "text/html; charset=utf-8" } : {}),
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
};

/** Answers with what an error says; of an error that is not a `KubeletApiError` the client learns nothing. */
export const sendError = (response: ServerResponse, error: unknown, logger: Logger): void => {
  if (response.headersSent) {
    // Too late for a status: a cut connection is the only way left to say that the body is not whole.
    logger.debug("request failed after its answer had begun", { error });
    response.destroy();
    return;
  }
  const known = isKubeletApiError(error) ? error : new KubeletApiError("internal", "internal error", { cause: error });
  if (!isKubeletApiError(error)) logger.error("request failed", { error });
  response.writeHead(known.status, {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Content-Length": Buffer.byteLength(known.message),
    ...known.headers,
  });
  response.end(known.message);
};
