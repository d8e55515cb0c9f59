import { inspect } from "node:util";
import { createRecordingLogger } from "@nk/stdx/testing";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { openCsiClient } from "./client.ts";
import type { NodePublishVolumeRequest } from "./gen/csi/v1/csi.ts";
import { redactRequest, redactText, secretsOf } from "./redact.ts";
import { startMemoryDriver } from "./testing/index.ts";
import { CsiStatusError } from "./testing/status-error.ts";

const disposals: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of disposals.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

const PASSWORD = 'hunter2 "quoted" /+=';
const KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----";
const TOKEN = "eyJhbGciOi.service.account";
const TOKENS = JSON.stringify({ vault: { token: TOKEN, expirationTimestamp: "2026-01-01T00:00:00Z" } });
const request = {
  volumeId: "v",
  targetPath: "/t",
  secrets: { password: PASSWORD, key: KEY, pin: "77" },
  volumeContext: { share: "//nas/x", "csi.storage.k8s.io/serviceAccount.tokens": TOKENS },
};

const LEAKS = [
  PASSWORD,
  JSON.stringify(PASSWORD).slice(1, -1),
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString("base64"),
  "MIIEvQIBADANBgkqhkiG",
  TOKEN,
];

const expectClean = (text: string): void => {
  for (const leak of LEAKS) expect(text).not.toContain(leak);
};

test("a driver that quotes secrets in every form does not get them into errors, their inspection, or logs", async () => {
  const said = `mount failed: -o ${LEAKS.join(" ")} pin=77 volume 1779`;
  let seen: NodePublishVolumeRequest | undefined;
  const driver = await startMemoryDriver({
    override: {
      nodePublishVolume: (received) => {
        seen = received;
        throw new CsiStatusError("internal", said);
      },
    },
  });
  disposals.push(driver);
  const logger = createRecordingLogger();
  const client = await openCsiClient({ endpoint: driver.endpoint, logger });
  disposals.push(client);
  const error = await client.nodePublishVolume(request).catch((failure: unknown) => failure);
  expect(seen?.secrets["password"]).toBe(PASSWORD);
  expect(error).toMatchObject({ code: "internal", details: { driverMessage: expect.stringContaining("mount failed: -o ***") } });
  expectClean(inspect(error, { depth: 9, showHidden: true }));
  expectClean(JSON.stringify(logger.entries));
  expectClean(inspect(client, { depth: 9 }));
  expectClean(inspect(driver.calls, { depth: 9 }));
  // Short secrets go where they stand alone.
  expect(String(error)).toContain("pin=*** volume 1779");
});

test("a request that is shown keeps the keys of its secrets and nothing of their values", () => {
  const shown = redactRequest("nodePublishVolume", request);
  expect(shown.secrets).toEqual({ password: "***", key: "***", pin: "***" });
  expect(shown.volumeContext).toEqual({ share: "//nas/x", "csi.storage.k8s.io/serviceAccount.tokens": "***" });
  expect(request.secrets.password).toBe(PASSWORD);
  expectClean(inspect(shown));
});

test("what looks like a pattern in a secret is taken literally, and an empty secret hides nothing", () => {
  const secrets = secretsOf("deleteVolume", { secrets: { a: ".*", b: "", c: "(x" } });
  expect(redactText("all .* of (x it", secrets)).toBe("all *** of *** it");
});

test("a secret that is half a character, or a token list that is no JSON, is no reason to fail", () => {
  const secrets = secretsOf("nodePublishVolume", {
    secrets: { odd: "\ud800abcdef" },
    volumeContext: { "csi.storage.k8s.io/serviceAccount.tokens": "{broken" },
  });
  expect(redactText("got {broken", secrets)).toBe("got ***");
});

test("whatever a driver quotes, and in whatever form, no secret of four letters or more is left", () => {
  const forms = [
    (text: string) => text,
    encodeURIComponent,
    (text: string) => Buffer.from(text).toString("base64"),
    (text: string) => JSON.stringify(text),
  ];
  const secret = fc.string({ unit: "grapheme", minLength: 4 }).filter((text) => !text.includes("*") && text.trim().length >= 4);
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.constantFrom(...forms), fc.string(), (values, form, noise) => {
      const secrets = secretsOf("nodeStageVolume", { secrets: Object.fromEntries(values.map((value, index) => [String(index), value])) });
      const text = redactText(values.map((value) => form(value)).join(` ${noise} `), secrets);
      for (const value of values) expect(text).not.toContain(value);
    }),
  );
});
