import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";
import type { ControlPlane, Lab } from "@nk/tool-lab";
import type { CallerCertificate } from "./kubelet-caller.ts";
import { until } from "./until.ts";

const openssl = async (args: readonly string[]): Promise<void> => {
  const { exitCode, stderr } = await runSubprocess(["openssl", ...args], { timeoutMs: 20_000, maxOutputBytes: 1 << 20 });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]} ended with ${exitCode}: ${String(stderr)}`);
};

const createRequest = async (dir: string, user: string): Promise<{ readonly key: string; readonly csr: string }> => {
  const files = { key: join(dir, `${user}.key`), csr: join(dir, `${user}.csr`) };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files.key];
  await openssl(["req", "-new", ...key, "-subj", `/CN=${user}`, "-out", files.csr]);
  return files;
};

/** A client certificate that the control plane signs, as an administrator asks for it: by a CertificateSigningRequest that is approved. */
export const requestCertificate = async (plane: ControlPlane, lab: Lab, user: string): Promise<CallerCertificate> => {
  const files = await createRequest(lab.dir, user);
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const spec = {
    request: await readFile(files.csr, "base64"),
    signerName: "kubernetes.io/kube-apiserver-client",
    usages: ["client auth"],
  };
  const body = { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata: { name: user }, spec };
  await plane.api.json(path, { method: "POST", body });
  await plane.kubectl(["certificate", "approve", user]);
  const cert = await until(`the certificate of ${user}`, async () => {
    const { status } = await plane.api.json(`${path}/${user}`);
    return (status as { readonly certificate?: string } | undefined)?.certificate;
  });
  return { cert: Buffer.from(cert, "base64").toString("utf8"), key: await readFile(files.key, "utf8") };
};

/** A certificate of the control plane's own authority whose time is over. */
export const issueExpired = async (plane: ControlPlane, lab: Lab, user: string): Promise<CallerCertificate> => {
  const files = await createRequest(lab.dir, user);
  const [config, index, serial, cert] = ["ca.cnf", "ca.index", "ca.serial", `${user}.crt`].map((name) => join(lab.dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  const lines = [
    "[ca]\ndefault_ca = lab\n[lab]",
    `database = ${index}\nserial = ${serial}\nnew_certs_dir = ${lab.dir}`,
    `certificate = ${plane.clientCaFile}\nprivate_key = ${plane.clientCaFile.replace(/\.crt$/, ".key")}`,
    "default_md = sha256\npolicy = any\nx509_extensions = client\n[any]\ncommonName = supplied\n[client]\nextendedKeyUsage = clientAuth\n",
  ];
  await Promise.all([writeFile(config, lines.join("\n")), writeFile(index, ""), writeFile(serial, "7001\n")]);
  await openssl([
    "ca",
    "-batch",
    "-notext",
    "-config",
    config,
    "-in",
    files.csr,
    "-out",
    cert,
    "-startdate",
    "20240101000000Z",
    "-enddate",
    "20240201000000Z",
  ]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(files.key, "utf8") };
};

/** A certificate of an authority that nobody knows, for whom it likes. */
export const issueStranger = async (lab: Lab): Promise<CallerCertificate> => {
  const [key, cert] = [join(lab.dir, "stranger.key"), join(lab.dir, "stranger.crt")];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-days", "2"];
  await openssl(["req", "-x509", "-new", ...made, "-subj", "/O=system:masters/CN=admin", "-out", cert]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
};

/** The certificate in a kubeconfig of the control plane. */
export const certificateOf = async (kubeconfig: string): Promise<CallerCertificate> => {
  const { users } = JSON.parse(await readFile(kubeconfig, "utf8")) as {
    readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
  };
  const decoded = (data: string | undefined): string => Buffer.from(data ?? "", "base64").toString("utf8");
  return { cert: decoded(users[0]?.user["client-certificate-data"]), key: decoded(users[0]?.user["client-key-data"]) };
};
