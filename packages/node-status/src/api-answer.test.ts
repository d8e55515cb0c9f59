import { describe, expect, it } from "vitest";
import { classifyApiError } from "./api-answer.ts";
import { apiError } from "./testing/index.ts";

describe("classifyApiError", () => {
  it.each([
    [apiError(409, "AlreadyExists"), "already-exists"],
    [apiError(409, "Conflict"), "conflict"],
    [apiError(404, "NotFound"), "not-found"],
    [apiError(403, "Forbidden"), "forbidden"],
    [apiError(401, "Unauthorized"), "rejected"],
    [apiError(422, "Invalid"), "rejected"],
    [apiError(429, "TooManyRequests"), "unavailable"],
    [apiError(500, "InternalError"), "unavailable"],
    [Object.assign(new Error("x"), { code: 404 }), "not-found"],
    [Object.assign(new Error("x"), { status: { code: 409, reason: "AlreadyExists" } }), "already-exists"],
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), "unavailable"],
    [new Error("socket hang up"), "unavailable"],
    [undefined, "unavailable"],
  ])("sorts %o as %s", (error, expected) => expect(classifyApiError(error)).toBe(expected));
});
