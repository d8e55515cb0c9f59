import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import { accessFromClientNode } from "./client-node.ts";
import type { ClientNodeKubeConfig } from "./client-node.ts";
import { loadKubeconfig } from "./load.ts";
import { kubeconfigFromObject, parseKubeconfig } from "./parse.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A kubeconfig with one context; lines of the cluster and of the user are given. */
const configOf = (cluster: readonly string[], user: readonly string[] = []): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    "current-context: ctx",
    "contexts:",
    "- name: ctx",
    "  context: { cluster: c, user: u, namespace: ns }",
    "clusters:",
    "- name: c",
    "  cluster:",
    ...cluster.map((line) => `    ${line}`),
    "users:",
    "- name: u",
    "  user:",
    ...(user.length === 0 ? ["    {}"] : user.map((line) => `    ${line}`)),
    "",
  ].join("\n");
const SERVER = "server: https://10.0.0.1:6443";

const failureOf = (run: () => unknown): KubeClientError => {
  try {
    run();
  } catch (error) {
    if (error instanceof KubeClientError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};
const access = (text: string): ReturnType<ReturnType<typeof parseKubeconfig>["access"]> =>
  parseKubeconfig(text, { file: "/etc/kubernetes/kubelet.conf", directory: "/etc/kubernetes" }).access();

describe("a kubeconfig", () => {
  it("comes down to a server, an authority and a certificate, as kubeadm writes it", () => {
    const text = configOf(
      [SERVER, `certificate-authority-data: ${base64("CA")}`],
      [
        "client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem",
        "client-key: /var/lib/kubelet/pki/kubelet-client-current.pem",
      ],
    );
    const file = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    expect(access(text)).toMatchObject({
      server: "https://10.0.0.1:6443",
      ca: { pem: "CA" },
      skipTlsVerify: false,
      namespace: "ns",
      credentials: { certificate: { certificate: { file }, key: { file } } },
    });
  });

  it("has its relative paths resolved against its folder, and data win over files", () => {
    const text = configOf(
      [SERVER, "certificate-authority: pki/ca.crt", "tls-server-name: kube.internal"],
      ["client-certificate: a.crt", `client-certificate-data: ${base64("CERT")}`, "client-key: ../a.key", "tokenFile: tok"],
    );
    expect(access(text)).toMatchObject({
      ca: { file: "/etc/kubernetes/pki/ca.crt" },
      tlsServerName: "kube.internal",
      credentials: { certificate: { certificate: { pem: "CERT" }, key: { file: "/etc/a.key" } }, tokenFile: "/etc/kubernetes/tok" },
    });
    expect(failureOf(() => parseKubeconfig(text).access()).message).toMatch(/certificate-authority is a relative path/u);
  });

  it("may be JSON, may be an object, and may choose another context", () => {
    const object = {
      "current-context": "a",
      contexts: [
        { name: "a", context: { cluster: "c", user: "u" } },
        { name: "b", context: { cluster: "c" } },
      ],
      clusters: [{ name: "c", cluster: { server: "https://s" } }],
      users: [{ name: "u", user: { token: "t" } }],
    };
    expect(parseKubeconfig(JSON.stringify(object)).access().credentials?.token).toBe("t");
    expect(kubeconfigFromObject(object).access("b").credentials).toEqual({});
    expect(kubeconfigFromObject(object).contextNames).toEqual(["a", "b"]);
  });

  it("takes an address without a scheme for https as soon as TLS is configured", () => {
    expect(access(configOf(["server: 10.0.0.1:6443", "insecure-skip-tls-verify: true"])).server).toBe("https://10.0.0.1:6443");
    expect(access(configOf(["server: localhost:8080"])).server).toBe("http://localhost:8080");
  });

  it("gives exec plugins with arguments, environment and a path relative to the folder", () => {
    const user = [
      "exec:",
      "  apiVersion: client.authentication.k8s.io/v1",
      "  command: ./bin/login",
      "  args: [get, token]",
      "  env: [{ name: A, value: b }]",
      "  interactiveMode: IfAvailable",
      "  provideClusterInfo: true",
      "  installHint: install it",
    ];
    expect(access(configOf([SERVER], user)).credentials?.exec).toMatchObject({
      command: "/etc/kubernetes/bin/login",
      args: ["get", "token"],
      env: { A: "b" },
      provideClusterInfo: true,
      installHint: "install it",
    });
  });

  it.each([
    ["no YAML", "a: [", 1, undefined],
    ["no mapping", "- a", 1, ""],
    ["another kind", "kind: Pod\n", 1, "kind"],
    ["no context", "kind: Config\n", 1, "current-context"],
    ["an unknown context", "current-context: x\ncontexts: []\n", 2, "contexts"],
    ["no server", configOf(["insecure-skip-tls-verify: true"]), 9, "clusters[0].cluster.server"],
    ["a server that is no URL", configOf(["server: 'https://[::'"]), 10, "clusters[0].cluster.server"],
    ["a server of another scheme", configOf(["server: ftp://x"]), 10, "clusters[0].cluster.server"],
    ["a server with a password", configOf(["server: https://a:hunter2@x"]), 10, "clusters[0].cluster.server"],
    ["a proxy", configOf([SERVER, "proxy-url: http://proxy:3128"]), 11, "clusters[0].cluster.proxy-url"],
    [
      "both an authority and none",
      configOf([SERVER, "certificate-authority: a", "insecure-skip-tls-verify: true"]),
      12,
      "clusters[0].cluster.insecure-skip-tls-verify",
    ],
    ["bad base64", configOf([SERVER, "certificate-authority-data: '%%%'"]), 11, "clusters[0].cluster.certificate-authority-data"],
    ["a token that is a number", configOf([SERVER], ["token: 12345"]), 14, "users[0].user.token"],
    ["a token and a password", configOf([SERVER], ["token: hunter2", "username: u"]), 14, "users[0].user.token"],
    ["a certificate without a key", configOf([SERVER], ["client-certificate: a"]), 13, "users[0].user.client-key"],
    ["an auth provider", configOf([SERVER], ["auth-provider: { name: gcp }"]), 14, "users[0].user.auth-provider"],
    ["impersonation", configOf([SERVER], ["as: admin"]), 14, "users[0].user.as"],
    [
      "a plugin of an old version",
      configOf([SERVER], ["exec: { apiVersion: client.authentication.k8s.io/v1alpha1, command: x }"]),
      14,
      "users[0].user.exec.apiVersion",
    ],
    [
      "a plugin that must ask",
      configOf([SERVER], ["exec: { apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always }"]),
      14,
      "users[0].user.exec.interactiveMode",
    ],
    [
      "a plugin without a command",
      configOf([SERVER], ["exec: { apiVersion: client.authentication.k8s.io/v1beta1 }"]),
      14,
      "users[0].user.exec.command",
    ],
  ])("is refused for %s, saying where", (_what, text, line, field) => {
    const error = failureOf(() => access(text));
    expect(error.code).toBe("config");
    expect(error.details.line).toBe(line);
    expect(error.details.field).toBe(field);
    expect(error.message).toContain("/etc/kubernetes/kubelet.conf");
    expect(error.message).not.toContain("hunter2");
  });

  it("is refused when its aliases blow up", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${["b", "c", "d"].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${"abc"[index]}`).join(", ")}]`).join("\n")}\n`;
    expect(failureOf(() => parseKubeconfig(bomb)).code).toBe("config");
  });
});

describe("a kubeconfig file", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "nk-kubeconfig-"));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it("is read with paths relative to its folder", async () => {
    const path = join(dir, "config");
    await writeFile(path, configOf([SERVER, "certificate-authority: ca.crt"]));
    expect((await loadKubeconfig(path)).access().ca).toEqual({ file: join(dir, "ca.crt") });
  });

  it("is refused when it is missing or too long", async () => {
    await expect(loadKubeconfig(join(dir, "nothing"))).rejects.toSatisfy((error) => isKubeClientError(error, "config"));
    const path = join(dir, "long");
    await writeFile(path, "#".repeat(2_000));
    await expect(loadKubeconfig(path, { maxBytes: 1_000 })).rejects.toThrow(/longer than 1000 bytes/u);
  });
});

describe("a KubeConfig of client-node", () => {
  it("fits by its type", () => {
    expectTypeOf<KubeConfig>().toExtend<ClientNodeKubeConfig>();
  });

  it("comes down to the same access", () => {
    const config: ClientNodeKubeConfig = {
      getCurrentCluster: () => ({ name: "c", server: "https://s:6443", caData: base64("CA"), skipTLSVerify: false }),
      getCurrentUser: () => ({ name: "u", token: "t" }),
    };
    expect(accessFromClientNode(config)).toMatchObject({ server: "https://s:6443", ca: { pem: "CA" }, credentials: { token: "t" } });
  });

  it("keeps the token file of its in-cluster configuration, and is refused with another auth provider", () => {
    const cluster = { name: "c", server: "https://s:6443" };
    const provider = (name: string): ClientNodeKubeConfig => ({
      getCurrentCluster: () => cluster,
      getCurrentUser: () => ({ name: "u", authProvider: { name, config: { tokenFile: "/token" } } }),
    });
    expect(accessFromClientNode(provider("tokenFile")).credentials?.tokenFile).toBe("/token");
    expect(failureOf(() => accessFromClientNode(provider("gcp"))).details.field).toBe("users[0].user.auth-provider");
    expect(failureOf(() => accessFromClientNode({ getCurrentCluster: () => null, getCurrentUser: () => null })).code).toBe("config");
  });
});
