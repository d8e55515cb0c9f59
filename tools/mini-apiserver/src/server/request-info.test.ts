import { describe, expect, it } from "vitest";
import { negotiate } from "./negotiation.ts";
import { readRequestInfo } from "./request-info.ts";

describe("what a request is about", () => {
  it.each([
    ["GET", "/api/v1/pods", { verb: "list", group: "", version: "v1", resource: "pods" }],
    ["GET", "/api/v1/pods?watch=true", { verb: "watch", resource: "pods" }],
    ["GET", "/api/v1/pods?watch=0", { verb: "list" }],
    ["GET", "/api/v1/watch/pods", { verb: "watch", resource: "pods" }],
    ["GET", "/api/v1/namespaces/default/pods/p", { verb: "get", namespace: "default", resource: "pods", name: "p" }],
    ["GET", "/api/v1/namespaces/default/pods/p/log", { verb: "get", resource: "pods", name: "p", subresource: "log" }],
    ["POST", "/api/v1/namespaces/default/pods/p/exec", { verb: "create", subresource: "exec" }],
    ["GET", "/api/v1/nodes/n/proxy/metrics/cadvisor", { verb: "get", resource: "nodes", name: "n", subresource: "proxy" }],
    ["GET", "/api/v1/namespaces/x", { verb: "get", resource: "namespaces", name: "x", namespace: "x" }],
    ["PUT", "/api/v1/namespaces/x/finalize", { verb: "update", resource: "namespaces", name: "x", subresource: "finalize" }],
    ["PATCH", "/api/v1/namespaces/x/status", { verb: "patch", resource: "namespaces", subresource: "status" }],
    ["DELETE", "/api/v1/namespaces/x/pods", { verb: "deletecollection", resource: "pods", namespace: "x" }],
    [
      "DELETE",
      "/apis/apps/v1/namespaces/x/deployments/d",
      { verb: "delete", group: "apps", version: "v1", resource: "deployments", name: "d" },
    ],
    ["POST", "/apis/authentication.k8s.io/v1/tokenreviews", { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" }],
    [
      "GET",
      "/api/v1/namespaces/x/secrets?fieldSelector=metadata.name%3Ds&watch=1",
      { verb: "watch", name: "s", fieldSelector: "metadata.name=s" },
    ],
    ["GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn", { verb: "list", fieldSelector: "spec.nodeName=n" }],
  ])("%s %s", (method, target, expected) => {
    const { attributes, isResource } = readRequestInfo(method, target);
    expect(isResource).toBe(true);
    expect(attributes).toMatchObject(expected);
  });

  it.each(["/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/healthz", "/openapi/v3", "//"])(
    "%s is no resource",
    (target) => {
      expect(readRequestInfo("GET", target).isResource).toBe(false);
    },
  );

  it("survives paths that are not what they should be", () => {
    expect(readRequestInfo("GET", "/api/v1/pods/%zz").attributes.name).toBe("%zz");
    expect(readRequestInfo("GET", "/api/v1/namespaces/a%2Fb/pods").attributes.namespace).toBe("a/b");
    expect(readRequestInfo("GET", `/api/v1/${"x/".repeat(100_000)}`).isResource).toBe(true);
  });
});

describe("the form of an answer", () => {
  const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

  it.each([
    [undefined, { format: "json", as: "object" }],
    ["*/*", { format: "json", as: "object" }],
    ["application/vnd.kubernetes.protobuf,application/json", { format: "json", as: "object" }],
    ["application/vnd.kubernetes.protobuf, */*", { format: "json", as: "object" }],
    [`${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, { as: "Table", version: "v1" }],
    ["application/json;as=Table;v=v9;g=meta.k8s.io,application/json", { as: "object" }],
    ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", { as: "Partial" }],
    ["application/yaml", { format: "yaml" }],
    ["application/json;q=0.5,application/yaml", { format: "yaml" }],
  ])("%s", (accept, expected) => {
    expect(negotiate(accept)).toMatchObject(expected);
  });

  it.each(["text/plain", "application/vnd.kubernetes.protobuf", "application/json;as=Spin;v=v1;g=meta.k8s.io"])(
    "%s is not acceptable",
    (accept) => {
      expect(() => negotiate(accept)).toThrow("406: Not Acceptable");
    },
  );
});
