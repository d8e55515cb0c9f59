import { describe, expect, it } from "vitest";
import { parseImageReference } from "./image-reference.ts";

const hex = "0123456789abcdef".repeat(4);

describe("parseImageReference", () => {
  it.each([
    ["busybox", { repository: "docker.io/library/busybox", withDefaultTag: "busybox:latest" }],
    ["busybox:1.36", { repository: "docker.io/library/busybox", tag: "1.36", withDefaultTag: "busybox:1.36" }],
    ["docker.io/busybox", { repository: "docker.io/library/busybox", withDefaultTag: "docker.io/busybox:latest" }],
    ["index.docker.io/me/app", { repository: "docker.io/me/app", withDefaultTag: "index.docker.io/me/app:latest" }],
    ["me/app", { repository: "docker.io/me/app", withDefaultTag: "me/app:latest" }],
    ["localhost/app", { repository: "localhost/app", withDefaultTag: "localhost/app:latest" }],
    ["localhost:5000/app:v1", { repository: "localhost:5000/app", tag: "v1", withDefaultTag: "localhost:5000/app:v1" }],
    ["[::1]:5000/app", { repository: "[::1]:5000/app", withDefaultTag: "[::1]:5000/app:latest" }],
    ["UPPER/app", { repository: "UPPER/app", withDefaultTag: "UPPER/app:latest" }],
    ["a.b/c__d/e-f:x_y", { repository: "a.b/c__d/e-f", tag: "x_y", withDefaultTag: "a.b/c__d/e-f:x_y" }],
    [`app@sha256:${hex}`, { repository: "docker.io/library/app", digest: `sha256:${hex}`, withDefaultTag: `app@sha256:${hex}` }],
    [`r.io/app:1@sha256:${hex}`, { repository: "r.io/app", tag: "1", digest: `sha256:${hex}`, withDefaultTag: `r.io/app:1@sha256:${hex}` }],
  ])("takes %s apart", (image, reference) => {
    expect(parseImageReference(image)).toEqual({ ok: true, reference });
  });

  it.each([
    ["UPPER/Case:1", "invalid reference format: repository name (Case) must be lowercase"],
    ["Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"],
    ["", "invalid reference format"],
    ["a b", "invalid reference format"],
    ["app:", "invalid reference format"],
    ["app:-1", "invalid reference format"],
    ["-app", "invalid reference format"],
    ["https://r.io/app", "invalid reference format"],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`app@md5:${hex}`, "unsupported digest algorithm"],
    [`app@sha256:${hex}00`, "invalid checksum digest length"],
    [`app@sha256:${hex.toUpperCase()}`, "invalid checksum digest format"],
    [`r.io/${"a".repeat(300)}`, "repository name must not be more than 255 characters"],
    ["a".repeat(100_000), "invalid reference format"],
  ])("refuses %s", (image, problem) => {
    expect(parseImageReference(image)).toEqual({ ok: false, message: `couldn't parse image name "${image}": ${problem}` });
  });
});
