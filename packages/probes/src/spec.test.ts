import { describe, expect, it } from "vitest";
import { readAction, readSchedule } from "./spec.ts";

const container = { name: "c", ports: [{ name: "web", containerPort: 8080 }] };

describe("readAction", () => {
  it.each([
    [{ httpGet: { port: "web", path: "/x", scheme: "HTTPS" } }, { type: "httpGet", scheme: "https", port: 8080, path: "/x" }],
    [{ httpGet: { port: 80, host: "h" } }, { type: "httpGet", scheme: "http", port: 80, host: "h" }],
    [{ tcpSocket: { port: "81" } }, { type: "tcpSocket", port: 81 }],
    [{ exec: { command: ["a"] } }, { type: "exec", command: ["a"] }],
  ])("reads %j", (probe, action) => {
    expect(readAction(probe, container)).toEqual(action);
  });

  it.each([
    [{ tcpSocket: { port: "nope" } }, 'strconv.Atoi: parsing "nope": invalid syntax'],
    [{ tcpSocket: { port: 0 } }, "invalid port number: 0"],
    [{ tcpSocket: { port: 65_536 } }, "invalid port number: 65536"],
    [{}, "missing probe handler for container c"],
  ])("refuses %j", (probe, message) => {
    expect(() => readAction(probe, container)).toThrow(message);
  });
});

describe("readSchedule", () => {
  it("has the API's defaults", () => {
    expect(readSchedule({})).toEqual({ initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1000, successThreshold: 1, failureThreshold: 3 });
    expect(readSchedule({ initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 4, failureThreshold: 5 })).toEqual(
      {
        initialDelayMs: 1000,
        periodMs: 2000,
        timeoutMs: 3000,
        successThreshold: 4,
        failureThreshold: 5,
      },
    );
  });
});
