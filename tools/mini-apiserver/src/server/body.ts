import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import type { Clock } from "@nk/stdx";
import { ApiError, badRequest, tooLarge, unsupportedMediaType } from "../api-error.ts";

/** What {@link readBody} takes. */
export interface BodyOptions {
  /** The most bytes that are read. */
  readonly limitBytes: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** How long a client may take to send a body. */
const BODY_TIMEOUT_MS = 60_000;

/** Reads the whole body. @throws ApiError 408, 413; the signal's reason */
export const readBody = async (request: IncomingMessage, { limitBytes, signal, clock }: BodyOptions): Promise<Buffer> => {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limitBytes) throw tooLarge(`limit is ${limitBytes}`);
  const late = new ApiError("the body of the request did not arrive in time", { code: 408, reason: "Timeout" });
  using _timer = clock.schedule(BODY_TIMEOUT_MS, () => request.destroy(late));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(`limit is ${limitBytes}`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
};

const ACCEPTED = ["application/json", "application/yaml"];

/** `application/json` of `application/json; charset=utf-8`. */
export const mediaTypeOf = (contentType: string | undefined): string => (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** A YAML document of a few bytes can stand for gigabytes. */
const MAX_YAML_ALIASES = 100;

/** Parses a body as its content type says; JSON when it says nothing. @throws ApiError 400, 415 */
export const parseBody = (body: Buffer, contentType: string | undefined, expectedKind: string): { readonly [field: string]: unknown } => {
  const type = mediaTypeOf(contentType);
  if (type !== "" && !ACCEPTED.includes(type)) throw unsupportedMediaType(ACCEPTED);
  let value: unknown;
  try {
    const text = body.toString("utf8");
    value = type === "application/yaml" ? parseYaml(text, { maxAliasCount: MAX_YAML_ALIASES }) : JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message.split("\n", 1)[0] : "";
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; json parse error: ${detail}`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; json parse error: not an object`,
    );
  }
  return value as { readonly [field: string]: unknown };
};
