// Starts everything in this repository with the pinned Node and pnpm. Plain JavaScript without dependencies, because it runs on
// whatever Node (>= 20) the machine has, before anything is installed.
//
//   node tools/dev.mjs setup               get the toolchain and the dependencies
//   node tools/dev.mjs run FILE [args]     run a TypeScript file with the pinned Node
//   node tools/dev.mjs exec CMD [args]     run a command from node_modules/.bin (or any other) with the toolchain first in PATH
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const toolchain = join(root, "tools/toolchain");
const bin = join(toolchain, "node_modules/.nk-bin");

const fail = (message) => {
  process.stderr.write(`nk: ${message}\n`);
  process.exit(1);
};

const arch = { x64: "x64", arm64: "arm64" }[process.arch];
if (process.platform !== "linux" || !arch)
  fail(`this repository is developed on linux x64 or arm64, not on ${process.platform} ${process.arch}`);

/** The environment without what an outer npm put into it: its settings would steer the inner npm and pnpm. */
const environment = () => {
  const env = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (!/^npm_/i.test(key) && key !== "INIT_CWD") env[key] = value;
  }
  env.PATH = [bin, join(root, "node_modules/.bin"), env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin"].join(delimiter);
  env.TURBO_TELEMETRY_DISABLED = "1";
  env.DO_NOT_TRACK = "1";
  return env;
};

const digest = (files) => {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)));
  return hash.digest("hex");
};

/** Runs an install step once per state of its input files; says what it does, since it may take a minute. */
const step = (what, stampFile, inputs, work) => {
  const want = digest(inputs);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === want) return;
  process.stderr.write(`nk: ${what} … `);
  const start = Date.now();
  work();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, want);
  process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
};

const must = (command, args, options) => {
  const result = spawnSync(command, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", env: environment(), ...options });
  if (result.error) fail(`cannot start ${command}: ${result.error.message}`);
  if (result.status !== 0) {
    process.stderr.write(`\n${result.stdout}${result.stderr}`);
    fail(`"${[command, ...args].join(" ")}" ended with ${result.signal ?? result.status} in ${options.cwd}`);
  }
};

const setup = () => {
  step(
    "getting the pinned Node and pnpm from npm",
    join(toolchain, "node_modules/.nk-stamp"),
    ["tools/toolchain/package-lock.json"],
    () => {
      must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: toolchain });
      mkdirSync(bin, { recursive: true });
      symlinkSync(join(toolchain, `node_modules/node-linux-${arch}/bin/node`), join(bin, "node"));
      symlinkSync(join(toolchain, `node_modules/@pnpm/exe.linux-${arch}/pnpm`), join(bin, "pnpm"));
    },
  );
  const manifests = ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"];
  step("installing dependencies", join(root, "node_modules/.nk-stamp"), manifests, () => {
    // An `npm install` at the root leaves a tree that pnpm cannot take over.
    if (existsSync(join(root, "node_modules/.package-lock.json"))) rmSync(join(root, "node_modules"), { recursive: true, force: true });
    must("pnpm", ["install", "--frozen-lockfile"], { cwd: root });
  });
};

const [verb, ...rest] = process.argv.slice(2);
if (!["setup", "run", "exec"].includes(verb) || (verb !== "setup" && rest.length === 0)) {
  fail("usage: node tools/dev.mjs setup | run FILE [args] | exec COMMAND [args]");
}
setup();
if (verb !== "setup") {
  const [command, args] = verb === "run" ? ["node", ["--conditions=@nk/source", ...rest]] : [rest[0], rest.slice(1)];
  const child = spawn(command, args, { stdio: "inherit", cwd: verb === "run" ? process.cwd() : root, env: environment() });
  // Ctrl-C reaches the child through the terminal's process group; this process only waits for it.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("error", (error) => fail(`cannot start ${command}: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}
