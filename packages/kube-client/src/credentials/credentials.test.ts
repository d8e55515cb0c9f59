import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createKubeClient } from "../client.ts";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import type { ExecPluginConfig } from "../kubeconfig/access.ts";
import { createKubeClientMetrics } from "../metrics.ts";
import { createTestAuthority, startFakeApiServer } from "../testing/index.ts";
import type { TestAuthority } from "../testing/index.ts";
import { createCredentials } from "./credentials.ts";
import type { Credentials } from "./identity.ts";

let authority: TestAuthority;
let dir: string;
beforeAll(async () => {
  authority = await createTestAuthority();
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-credentials-"));
  return () => rm(dir, { recursive: true, force: true });
});

const clock = createFakeClock();
const logger = createRecordingLogger();
const create = (
  credentials: Parameters<typeof createCredentials>[0]["access"]["credentials"],
  overrides: { readonly metrics?: ReturnType<typeof createRecordingMetrics>; readonly execTimeoutMs?: number } = {},
): Credentials =>
  createCredentials({
    access: { server: "https://s:6443", ca: { pem: "CA" }, credentials },
    environment: { PATH: "/usr/bin:/bin", INHERITED: "yes" },
    execTimeoutMs: overrides.execTimeoutMs ?? 5_000,
    checkMs: 10_000,
    clock,
    logger,
    metrics: createKubeClientMetrics(overrides.metrics ?? createRecordingMetrics(), clock),
  });
const failureOf = async (promise: Promise<unknown>): Promise<KubeClientError> => {
  const error: unknown = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof KubeClientError) return error;
  throw error;
};

describe("credentials in the configuration", () => {
  it("are a bearer token or a basic header", async () => {
    expect((await create({ token: "t" }).current()).authorization).toBe("Bearer t");
    expect((await create({ basic: { username: "u", password: "p" } }).current()).authorization).toBe(`Basic ${btoa("u:p")}`);
    expect(await create(undefined).current()).toEqual({ authorization: undefined, certificate: undefined });
  });
});

describe("a token file", () => {
  it("is looked at again after a while, and at once after a refusal", async () => {
    const path = join(dir, "token");
    await writeFile(path, "one\n");
    const credentials = create({ tokenFile: path, token: "not this one" });
    const one = await credentials.current();
    expect(one.authorization).toBe("Bearer one");
    await writeFile(path, "two");
    expect(await credentials.current()).toBe(one);
    await clock.advance(10_000);
    const two = await credentials.current();
    expect(two.authorization).toBe("Bearer two");
    await writeFile(path, "three");
    expect((await credentials.renew(two)).authorization).toBe("Bearer three");
    expect((await credentials.renew(two)).authorization).toBe("Bearer three");
  });

  it("keeps its last token while it cannot be read, and fails when there never was one", async () => {
    const path = join(dir, "token");
    expect((await failureOf(create({ tokenFile: path }).current())).message).toBe(`cannot read ${path}`);
    await writeFile(path, "");
    expect((await failureOf(create({ tokenFile: path }).current())).message).toMatch(/the file is empty/u);
    await writeFile(path, "one");
    const credentials = create({ tokenFile: path });
    const one = await credentials.current();
    await rm(path);
    await clock.advance(60_000);
    expect(await credentials.current()).toBe(one);
    expect(logger.entries.at(-1)?.message).toMatch(/could not be read again/u);
  });

  it("is followed through a symlink that is swapped, as in a projected volume", async () => {
    await writeFile(join(dir, "a"), "one");
    await writeFile(join(dir, "b"), "two");
    await symlink("a", join(dir, "token"));
    const credentials = create({ tokenFile: join(dir, "token") });
    expect((await credentials.current()).authorization).toBe("Bearer one");
    await symlink("b", join(dir, "next"));
    await rename(join(dir, "next"), join(dir, "token"));
    await clock.advance(10_000);
    expect((await credentials.current()).authorization).toBe("Bearer two");
  });

  it("refuses what no header could hold, without repeating it", async () => {
    const path = join(dir, "token");
    await writeFile(path, "top\nsecret");
    const error = await failureOf(create({ tokenFile: path }).current());
    expect(error.code).toBe("credentials");
    expect(error.message).not.toContain("secret");
  });
});

describe("client certificate files", () => {
  it("keep the old pair while certificate and key do not belong together", async () => {
    const [first, second] = await Promise.all([authority.issueClient("a"), authority.issueClient("b")]);
    const certificate = join(dir, "c.crt");
    const key = join(dir, "c.key");
    await writeFile(certificate, first.certificatePem);
    await writeFile(key, second.keyPem);
    const config = { certificate: { certificate: { file: certificate }, key: { file: key } } };
    expect((await failureOf(create(config).current())).message).toMatch(/do not belong together/u);
    await writeFile(key, first.keyPem);
    const credentials = create(config);
    const one = await credentials.current();
    await writeFile(certificate, second.certificatePem);
    await clock.advance(10_000);
    expect(await credentials.current()).toBe(one);
    await writeFile(key, second.keyPem);
    await clock.advance(10_000);
    expect((await credentials.current()).certificate?.certificatePem).toBe(second.certificatePem);
  });
});

describe("an exec plugin", () => {
  const plugin = async (script: string, more: Partial<ExecPluginConfig> = {}): Promise<{ readonly exec: ExecPluginConfig }> => {
    const command = join(dir, "plugin");
    await writeFile(command, `#!/bin/sh\necho run >> ${join(dir, "runs")}\n${script}\n`);
    await chmod(command, 0o755);
    return { exec: { apiVersion: "client.authentication.k8s.io/v1", command, args: [], env: {}, provideClusterInfo: false, ...more } };
  };
  const runs = async (): Promise<number> => (await readFile(join(dir, "runs"), "utf8")).split("\n").length - 1;
  const answer = (status: object): string =>
    `cat <<'END'\n${JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status })}\nEND`;

  it("runs once for many requests, is told about the cluster, and inherits the environment that was given", async () => {
    const script = `printf '%s\\n' "$KUBERNETES_EXEC_INFO" "$INHERITED $OWN" > ${join(dir, "env")}\n${answer({ token: "t" })}`;
    const metrics = createRecordingMetrics();
    const credentials = create(await plugin(script, { provideClusterInfo: true, env: { OWN: "own" }, clusterConfig: { audience: "x" } }), {
      metrics,
    });
    const identities = await Promise.all([credentials.current(), credentials.current(), credentials.current()]);
    expect(identities.map(({ authorization }) => authorization)).toEqual(["Bearer t", "Bearer t", "Bearer t"]);
    expect(await runs()).toBe(1);
    const [info = "", environment] = (await readFile(join(dir, "env"), "utf8")).split("\n");
    expect(JSON.parse(info)).toEqual({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: {
        cluster: { server: "https://s:6443", "certificate-authority-data": btoa("CA"), config: { audience: "x" } },
        interactive: false,
      },
    });
    expect(environment).toBe("yes own");
    expect(metrics.value("rest_client_exec_plugin_call_total", { code: "0", call_status: "no_error" })).toBe(1);
  });

  it("runs again when its credentials expire, and after a refusal, but not for an identity that was replaced already", async () => {
    const expirationTimestamp = new Date(clock.nowMs() + 60_000).toISOString();
    const credentials = create(
      await plugin(
        answer({ token: "t", expirationTimestamp })
          .replace('"t"', `"t$(wc -l < ${join(dir, "runs")})"`)
          .replace("'END'", "END"),
      ),
    );
    const one = await credentials.current();
    expect(one.authorization).toBe("Bearer t1");
    await clock.advance(61_000);
    const two = await credentials.current();
    expect(two.authorization).toBe("Bearer t2");
    await clock.advance(2_000);
    expect((await credentials.renew(one)).authorization).toBe("Bearer t2");
    expect((await credentials.renew(two)).authorization).toBe("Bearer t3");
  });

  it("may give a client certificate", async () => {
    const { certificatePem, keyPem } = await authority.issueClient("a");
    const metrics = createRecordingMetrics();
    const credentials = create(await plugin(answer({ clientCertificateData: certificatePem, clientKeyData: keyPem })), { metrics });
    expect(metrics.value("rest_client_exec_plugin_ttl_seconds")).toBe(Infinity);
    expect((await credentials.current()).certificate).toMatchObject({ certificatePem, keyPem });
    const leftMs = new X509Certificate(certificatePem).validToDate.getTime() - clock.nowMs();
    expect(metrics.value("rest_client_exec_plugin_ttl_seconds")).toBe(leftMs / 1000);
  });

  it.each([
    [
      "exits with a code",
      "echo secret-token-in-output; echo 'leak eyJhbGciOiJSUzI1NiIsImtpZCI6' >&2; exit 3",
      "plugin_execution_error",
      "3",
    ],
    ["prints no JSON", "echo secret-token-in-output", "client_internal_error", "1"],
    [
      "prints another version",
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"secret-token-in-output"}}'`,
      "client_internal_error",
      "1",
    ],
    ["gives nothing", answer({}), "client_internal_error", "1"],
    ["gives half a certificate", answer({ clientKeyData: "secret-token-in-output" }), "client_internal_error", "1"],
    [
      "gives no time for its expiry",
      answer({ token: "secret-token-in-output", expirationTimestamp: "soon" }),
      "client_internal_error",
      "1",
    ],
  ])("fails without repeating its output when it %s", async (_what, script, call_status, code) => {
    const metrics = createRecordingMetrics();
    const error = await failureOf(create(await plugin(script), { metrics }).current());
    expect(error.code).toBe("credentials");
    expect(error.message).not.toContain("secret-token");
    expect(metrics.value("rest_client_exec_plugin_call_total", { code, call_status })).toBe(1);
    expect(JSON.stringify(logger.entries)).not.toMatch(/secret-token|eyJhbG/u);
  });

  it("that fails is quoted without what the kubeconfig gave it", async () => {
    const args = ["get-token", "--password", "hunter2", "--key=k3y"];
    const script = 'echo "login with $3 ($4) and $PIN failed" >&2; exit 1';
    await failureOf(create(await plugin(script, { args, env: { PIN: "12345", EMPTY: "" } })).current());
    expect(logger.entries.at(-1)?.fields).toMatchObject({ stderr: "login with *** (--key=***) and *** failed\n" });
  });

  it("that fails is quoted without the end of a token that is cut in the middle", async () => {
    const script = `printf '%s' '${"t0ken".repeat(20)}' '${" failed".repeat(141)}' >&2; exit 1`;
    await failureOf(create(await plugin(script)).current());
    expect(JSON.stringify(logger.entries)).not.toContain("t0ken");
  });

  it("is missed with its install hint", async () => {
    const metrics = createRecordingMetrics();
    const { exec } = await plugin("");
    const error = await failureOf(
      create({ exec: { ...exec, command: "no-such-plugin", installHint: "get it from example.org" } }, { metrics }).current(),
    );
    expect(error.message).toBe(
      "cannot run the exec plugin no-such-plugin: it is not on PATH or cannot be started; get it from example.org",
    );
    expect(metrics.value("rest_client_exec_plugin_call_total", { code: "1", call_status: "plugin_not_found_error" })).toBe(1);
  });

  it("is stopped when it takes too long, and has no input to wait for", async () => {
    const hanging = create(await plugin("sleep 60"), { execTimeoutMs: 100 });
    const failure = failureOf(hanging.current());
    const advancing = (async () => {
      for (let turn = 0; turn < 200; turn += 1) await clock.advance(100);
    })();
    expect((await failure).code).toBe("credentials");
    await advancing;
    expect((await create(await plugin(`cat > /dev/null\n${answer({ token: "t" })}`)).current()).authorization).toBe("Bearer t");
  });

  it("does not run when the user has other credentials, as in client-go", async () => {
    expect((await create({ ...(await plugin("exit 1")), token: "t" }).current()).authorization).toBe("Bearer t");
  });
});

describe("a request whose credentials are refused", () => {
  it("is sent again with the newer token, whatever it does", async () => {
    const path = join(dir, "token");
    await writeFile(path, "old");
    await using server = await startFakeApiServer({ tokens: ["old"] });
    await using client = createKubeClient({ access: server.access({ tokenFile: path }) });
    expect(await client.getText("/readyz")).toBe("ok");
    server.acceptTokens(["new"]);
    const refused = await failureOf(client.getText("/readyz"));
    expect(refused).toMatchObject({ code: "unauthorized", status: 401 });
    await writeFile(path, "new");
    expect(await client.getText("/readyz")).toBe("ok");
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual([
      "Bearer old",
      "Bearer old",
      "Bearer old",
      "Bearer new",
    ]);
    expect(isKubeClientError(refused, "unauthorized")).toBe(true);
  });
});
