import { CriError } from "@nk/cri-client";
import { describe, expect, it } from "vitest";
import { describeImageError } from "./images.ts";

const failed = (code: "unknown" | "not-found", runtimeMessage: string): CriError =>
  new CriError({ code, message: `PullImage on /run/x.sock failed with ${code}: ${runtimeMessage}`, details: { runtimeMessage } });

describe("a failed pull", () => {
  it.each([
    [failed("not-found", "failed to pull and unpack image"), "rpc error: code = NotFound desc = failed to pull and unpack image"],
    [failed("unknown", "RegistryUnavailable: no route"), "RegistryUnavailable: no route"],
    [new CriError({ code: "closed", message: "the client is closed" }), "the client is closed"],
    [new Error("odd"), "odd"],
  ])("is told in the reference's words: %s", (error, text) => {
    expect(describeImageError(error)).toBe(text);
  });
});
