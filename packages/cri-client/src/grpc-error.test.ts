import { expect, test } from "vitest";
import { redactSecrets, toCriError } from "./grpc-error.ts";

test.each([
  ["GET https://bob:s3cret@r.example/v2/ failed", "GET https://***@r.example/v2/ failed"],
  ["Authorization: Basic Ym9iOnMzY3JldA== refused", "Authorization: *** refused"],
  ['{"registry_token":"abc","user":"bob"}', '{"registry_token":"***","user":"bob"}'],
  ["sent Bearer eyJhbGciOiJSUzI1NiJ9.e30.sig", "sent Bearer ***"],
  ["GET https://s3.example/blob?X-Amz-Signature=deadbeef&x=1", "GET https://s3.example/blob?X-Amz-Signature=***&x=1"],
  ["no basic auth credentials", "no basic auth credentials"],
  ["mkdir /etc/passwd: not a directory", "mkdir /etc/passwd: not a directory"],
  ["pull access denied, repository does not exist or may require authorization: server message: insufficient_scope", undefined],
  ['failed to resolve reference "docker.io/library/x:1": not found', 'failed to resolve reference "docker.io/library/x:1": not found'],
])("redacts %j", (text, expected) => {
  const redacted = redactSecrets(text);
  if (expected === undefined) expect(redacted).toMatch(/^pull access denied, repository does not exist or may require authorization: /);
  else expect(redacted).toBe(expected);
});

test("what is not a gRPC error is a malformed message", () => {
  expect(toCriError(new Error("bad wire type"), { method: "Status", endpoint: "/x" })).toMatchObject({
    code: "malformed-message",
    message: "Status on /x failed with malformed-message: bad wire type",
  });
});
