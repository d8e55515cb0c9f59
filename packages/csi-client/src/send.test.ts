import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createUncheckedCsiCalls } from "./client.ts";
import { CSI_METHODS } from "./gen/csi/v1/methods.ts";
import { createGrpcListener } from "./testing/index.ts";

/** A driver whose CreateVolume answers these bytes. */
const startRubbish = async (answer: Buffer): Promise<AsyncDisposable & { readonly endpoint: string; received(): number }> => {
  const directory = mkdtempSync(join(tmpdir(), "csi-send-"));
  const endpoint = join(directory, "csi.sock");
  const plain = (bytes: Buffer): Buffer => bytes;
  const codecs = { requestSerialize: plain, requestDeserialize: plain, responseSerialize: plain, responseDeserialize: plain };
  const definition = { createVolume: { path: CSI_METHODS.createVolume.path, requestStream: false, responseStream: false, ...codecs } };
  let received = 0;
  const implementation = {
    createVolume: (_call: unknown, respond: (error: null, bytes: Buffer) => void): void => {
      received += 1;
      respond(null, answer);
    },
  };
  const listener = createGrpcListener(endpoint, [{ definition, implementation }]);
  await listener.start();
  return {
    endpoint,
    received: () => received,
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      rmSync(directory, { recursive: true });
    },
  };
};

test.each([
  ["a field that is longer than what follows", Buffer.from([0x0a, 0x7f, 0x01])],
  ["no field at all", Buffer.from([0xff, 0xff, 0xff])],
])("an answer of %s is uncertain and not asked for again: the driver did something to give it", async (_what, answer) => {
  await using driver = await startRubbish(answer);
  await using calls = createUncheckedCsiCalls({ endpoint: driver.endpoint });
  await expect(calls.createVolume({ name: "v1" })).rejects.toMatchObject({
    code: "bad-answer",
    outcome: "uncertain",
    details: { method: "CreateVolume", subject: "v1", attempts: 1 },
  });
  expect(driver.received()).toBe(1);
});
