/**
 * Writes every generated source file; `--check` writes nothing and fails when a file differs from what it would write.
 *
 *   npm run gen [-- --check]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { generateKubeTypes } from "./kube-types.ts";
import { generateProtoPackage } from "./proto-package.ts";
import type { ProtoPackage } from "./proto-package.ts";

const root = resolve(import.meta.dirname, "../../..");
const check = process.argv.slice(2).includes("--check");

const PROTO_PACKAGES: readonly ProtoPackage[] = [
  {
    dir: "packages/cri-api",
    file: "runtime/v1/api",
    table: "CRI_METHODS",
    doc: "Every RPC of CRI v1 with its codecs: what a client or a server needs to speak it over any gRPC library.",
  },
  {
    dir: "packages/csi-client",
    file: "csi/v1/csi",
    table: "CSI_METHODS",
    doc: "Every RPC of CSI v1 with its codecs and the request's secret fields: what a client or a server needs to speak it over any gRPC library.",
  },
  {
    dir: "tools/hostpath-csi",
    file: "pluginregistration/v1/api",
    table: "REGISTRATION_METHODS",
    doc: "Every RPC of the kubelet's plugin registration with its codecs.",
  },
];

const changed: string[] = [];
for (const [path, content] of [...PROTO_PACKAGES.flatMap((source) => [...generateProtoPackage(source)]), ...generateKubeTypes()]) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === content) continue;
  changed.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

if (changed.length === 0) {
  console.log("generated files are up to date");
} else if (check) {
  console.error(`generated files differ from their sources, run "npm run gen":\n${changed.map((path) => `  ${path}`).join("\n")}`);
  process.exitCode = 1;
} else {
  console.log(`wrote ${changed.join(", ")}`);
}
