import { describe, expect, it } from "vitest";
import { hideExecutable } from "./executable-message.ts";

const RUNC = "OCI runtime create failed: runc create failed: unable to start container process: ";

describe("hideExecutable", () => {
  it.each([
    [`${RUNC}exec: "s3cret": executable file not found in $PATH`, `${RUNC}exec: "$(TOKEN)": executable file not found in $PATH`],
    [
      `${RUNC}exec: "/s3cret": stat /s3cret: no such file or directory: unknown`,
      `${RUNC}exec: "$(TOKEN)": stat $(TOKEN): no such file or directory: unknown`,
    ],
    [String.raw`exec: "a\"b\\c": stat a"b\c: permission denied`, 'exec: "$(TOKEN)": stat $(TOKEN): permission denied'],
    [
      "crun: executable file `s3cret` not found in $PATH: No such file or directory: OCI runtime error",
      "crun: executable file `$(TOKEN)` not found in $PATH: No such file or directory: OCI runtime error",
    ],
    // A short value is part of many words.
    ['failed to create shim task: exec: "sh": is a directory', 'failed to create shim task: exec: "$(TOKEN)": is a directory'],
    ['exec: "$&": permission denied', 'exec: "$(TOKEN)": permission denied'],
  ])("shows the command as it is written instead of as it was expanded in %j", (message, expected) => {
    expect(hideExecutable(message, { command: ["$(TOKEN)"] })).toBe(expected);
    expect(hideExecutable(message, { args: ["$(TOKEN)"] })).toBe(expected);
  });

  it.each([
    ["a command without variables", 'exec: "s3cret": permission denied', { command: ["s3cret"], args: ["$(TOKEN)"] }],
    ["no command", 'exec: "s3cret": permission denied', {}],
    ["a message about something else", "failed to mount", { command: ["$(TOKEN)"] }],
  ])("leaves %s alone", (_what, message, container) => {
    expect(hideExecutable(message, container)).toBe(message);
  });
});
