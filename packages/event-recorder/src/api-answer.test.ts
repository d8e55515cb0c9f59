import { describe, expect, it } from "vitest";
import { classifyApiError } from "./api-answer.ts";
import { apiError } from "./testing/index.ts";

describe("classifyApiError", () => {
  it.each([
    [apiError(409, "AlreadyExists"), "already-exists"],
    [apiError(409, "Conflict"), "conflict"],
    [apiError(404, "NotFound"), "not-found"],
    [apiError(403, "Forbidden", [{ reason: "NamespaceTerminating" }]), "namespace-terminating"],
    [apiError(403, "Forbidden"), "rejected"],
    [apiError(422, "Invalid"), "rejected"],
    [apiError(429, "TooManyRequests"), "unavailable"],
    [apiError(503, "ServiceUnavailable"), "unavailable"],
    [Object.assign(new Error("x"), { code: 422 }), "rejected"],
    [Object.assign(new Error("x"), { details: { status: 409, reason: "AlreadyExists" } }), "already-exists"],
    [
      Object.assign(new Error("x"), { status: { code: 403, details: { causes: [{ reason: "NamespaceTerminating" }] } } }),
      "namespace-terminating",
    ],
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), "unavailable"],
    [new Error("socket hang up"), "unavailable"],
    [undefined, "unavailable"],
    ["text", "unavailable"],
  ])("sorts %o as %s", (error, expected) => expect(classifyApiError(error)).toBe(expected));
});
