import { createSeededRandom } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { isApiError } from "../api-error.ts";
import { SCHEMA } from "../kinds/gen/schema.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { MESSAGES } from "./gen/tables.ts";

/** Just enough of an encoder. */
const varint = (value: number): readonly number[] => (value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))]);
const field = (number: number, content: string | number | Uint8Array): Buffer => {
  if (typeof content === "number") return Buffer.from([...varint(number * 8), ...varint(content)]);
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
};
const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields);
const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  message(
    Buffer.from([0x6b, 0x38, 0x73, 0]),
    field(1, message(field(1, apiVersion), field(2, kind))),
    field(2, raw),
    field(3, ""),
    field(4, ""),
  );

describe("a body in protobuf", () => {
  it("becomes the JSON it stands for", () => {
    const time = message(field(1, 1_700_000_000), field(2, 0));
    const meta = message(
      field(1, "p"),
      field(3, "ns"),
      field(8, time),
      field(11, message(field(1, "app"), field(2, "web"))),
      field(11, message(field(1, "empty"))),
      field(14, "a"),
      field(14, "b"),
    );
    const quantity = message(field(1, "cpu"), field(2, message(field(1, "100m"))));
    const probe = message(
      field(1, message(field(2, message(field(1, "/"), field(2, message(field(1, 1), field(2, 0), field(3, "http"))))))),
      field(2, 5),
    );
    const container = message(
      field(1, "c"),
      field(3, "sh"),
      field(3, "-c"),
      field(8, message(field(2, quantity))),
      field(10, probe),
      field(16, 0),
    );
    const volume = message(field(1, "v"), field(2, message(field(6, message(field(1, "s"), field(3, 0o400))))));
    const spec = message(field(1, volume), field(2, container), field(4, 30), field(11, 1));
    const body = envelope("v1", "Pod", message(field(1, meta), field(2, spec), field(3, Buffer.alloc(0))));
    expect(JSON.parse(JSON.stringify(decodeProtobuf(body)))).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "p",
        namespace: "ns",
        creationTimestamp: "2023-11-14T22:13:20Z",
        labels: { app: "web", empty: "" },
        finalizers: ["a", "b"],
      },
      spec: {
        volumes: [{ name: "v", secret: { secretName: "s", defaultMode: 256 } }],
        containers: [
          {
            name: "c",
            command: ["sh", "-c"],
            resources: { requests: { cpu: "100m" } },
            livenessProbe: { httpGet: { path: "/", port: "http" }, initialDelaySeconds: 5 },
            stdin: false,
          },
        ],
        terminationGracePeriodSeconds: 30,
        hostNetwork: true,
      },
      status: {},
    });
  });

  it("of options and reviews is read too", () => {
    expect(decodeProtobuf(envelope("v1", "DeleteOptions", message(field(1, 0), field(4, "Background"))))).toMatchObject({
      gracePeriodSeconds: 0,
      propagationPolicy: "Background",
    });
    const attributes = message(field(1, "ns"), field(2, "get"), field(5, "pods"));
    const extra = message(field(1, "scopes"), field(2, message(field(1, "a"), field(1, "b"))));
    const spec = message(field(1, attributes), field(3, "ann"), field(4, "devs"), field(5, extra));
    const review = envelope("authorization.k8s.io/v1", "SubjectAccessReview", message(field(2, spec)));
    expect(decodeProtobuf(review)).toMatchObject({
      spec: {
        resourceAttributes: { namespace: "ns", verb: "get", resource: "pods" },
        user: "ann",
        groups: ["devs"],
        extra: { scopes: ["a", "b"] },
      },
    });
  });

  it.each([
    ["without the mark", Buffer.from("{}")],
    ["of an unknown kind", envelope("v1", "Nonsense", Buffer.alloc(0))],
    ["of a kind named like a property of objects", envelope("v1", "constructor", Buffer.alloc(0))],
    ["that is cut off", envelope("v1", "Pod", field(1, "xxxxx")).subarray(0, -6)],
    ["with an endless integer", Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), Buffer.alloc(30, 0xff)])],
    ["with a length of many gigabytes", Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0, 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f])])],
  ])("%s is refused", (_what, body) => {
    expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ code: 400 }) as Error);
  });

  it("of random bytes is refused or read, and never ends in another error", () => {
    const random = createSeededRandom(36);
    const good = envelope(
      "v1",
      "Pod",
      message(field(1, message(field(1, "p"), field(11, message(field(1, "a"), field(2, "b"))))), field(2, field(4, 30))),
    );
    for (let round = 0; round < 3_000; round += 1) {
      const body = Buffer.from(good);
      for (let count = 0; count < 3; count += 1) body[4 + Math.floor(random() * (body.length - 4))] = Math.floor(random() * 256);
      try {
        decodeProtobuf(body);
      } catch (error) {
        if (!isApiError(error, "BadRequest")) throw error;
      }
    }
    expect(decodeProtobuf(good)).toMatchObject({ kind: "Pod" });
  });
});

describe("the tables of protobuf fields", () => {
  it("name fields as the JSON schema of the same types does", () => {
    const differing = Object.entries(MESSAGES).flatMap(([message, text]) => {
      const schema = SCHEMA[message];
      const names = text.split(", ").flatMap((field) => (field === "" || field.includes(" inline:") ? [] : [field.split(" ")[1] ?? ""]));
      return schema === undefined ? [] : names.filter((name) => !Object.hasOwn(schema, name)).map((name) => `${message}.${name}`);
    });
    expect(differing).toEqual([]);
  });
});
