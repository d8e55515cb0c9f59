import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { CSI_ERROR_CODES, CsiError, isCsiError, isFinalError } from "./errors.ts";
import { goStatusName, toGrpcStatus } from "./grpc-error.ts";

const outcomes = Object.groupBy(CSI_ERROR_CODES, (code) => new CsiError({ code, message: "x" }).outcome);

test("the uncertain codes are the kubelet's list and an answer that makes no sense", () => {
  expect(outcomes.uncertain).toEqual(["cancelled", "deadline-exceeded", "resource-exhausted", "aborted", "unavailable", "bad-answer"]);
});

test("an error is final only when it is one of this package and its code is", () => {
  expect(isFinalError(new CsiError({ code: "invalid-argument", message: "x" }))).toBe(true);
  expect(isFinalError(new CsiError({ code: "aborted", message: "x" }))).toBe(false);
  expect(isFinalError(new Error("who knows"))).toBe(false);
  expect(isFinalError(new DOMException("gone", "AbortError"))).toBe(false);
  expect(isFinalError(undefined)).toBe(false);
});

test("an error is recognised by name and code, across copies of the package", () => {
  const foreign = Object.assign(new Error("x"), { name: "CsiError", code: "aborted" });
  expect(isCsiError(foreign)).toBe(true);
  expect(isCsiError(foreign, "aborted")).toBe(true);
  expect(isCsiError(foreign, "unknown")).toBe(false);
  expect(isCsiError("aborted")).toBe(false);
});

test("every gRPC status has its number and Go's name, and codes of our own have neither", () => {
  const grpc = CSI_ERROR_CODES.slice(0, 16);
  const names = grpc.map((code) => code.toUpperCase().replaceAll("-", "_") as keyof typeof status);
  expect(grpc.map(toGrpcStatus)).toEqual(names.map((name) => status[name]));
  expect(grpc.map(goStatusName)).toContain("DeadlineExceeded");
  expect(goStatusName("cancelled")).toBe("Canceled");
  for (const code of CSI_ERROR_CODES.slice(16)) expect([toGrpcStatus(code), goStatusName(code)]).toEqual([2, "unknown-non-grpc"]);
});
