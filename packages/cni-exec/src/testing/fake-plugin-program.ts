/**
 * The program of a fake plugin, as it is written beside it: plain CommonJS, which starts fastest, because it runs as a process of its own.
 * It reads its script anew at each call, so that a test can change its mind.
 */
export const FAKE_PLUGIN_PROGRAM = `
const { appendFileSync, readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const dir = __dirname;
const script = JSON.parse(readFileSync(join(dir, "script.json"), "utf8"));
const command = process.env.CNI_COMMAND ?? "";
let stdin = "";
try { stdin = readFileSync(0, "utf8"); } catch {}
const readConfig = () => { try { return JSON.parse(stdin); } catch { return {}; } };
const config = readConfig();
appendFileSync(join(dir, "calls.jsonl"), JSON.stringify({ command, config, env: process.env, stdin }) + "\\n");

const write = (fd, text) => {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try { done += writeSync(fd, bytes, done); } catch (error) { if (error.code !== "EAGAIN") process.exit(1); }
  }
};
const end = (exitCode, stdout) => { if (stdout) write(1, stdout); process.exit(exitCode); };
const fail = (code, msg, details = "") => end(1, JSON.stringify({ cniVersion: config.cniVersion, code, msg, details }));
const versionOf = () => config.cniVersion || "0.1.0";
const atLeast = (wanted) => {
  const [a, b] = [versionOf(), wanted].map((text) => text.split(".").map(Number));
  return (a[0] - b[0] || a[1] - b[1] || a[2] - b[2]) >= 0;
};
const addressOf = () => {
  let sum = 0;
  for (const char of (process.env.CNI_CONTAINERID ?? "") + (process.env.CNI_IFNAME ?? "")) sum = (sum * 31 + char.charCodeAt(0)) % 65000;
  return "10.99." + Math.floor(sum / 250) % 250 + "." + (sum % 250 + 2);
};
const makeResult = () => {
  const cniVersion = versionOf();
  const address = addressOf() + "/16";
  const gateway = "10.99.0.1";
  if (!atLeast("0.3.0")) return { cniVersion, ip4: { ip: address, gateway }, dns: {} };
  const ip = { address, gateway, interface: 0 };
  return {
    cniVersion,
    interfaces: [{ name: process.env.CNI_IFNAME, mac: "02:00:00:00:00:01", sandbox: process.env.CNI_NETNS }],
    ips: [atLeast("1.0.0") ? ip : { version: "4", ...ip }],
    dns: {},
  };
};
const behaveWell = () => {
  const supported = script.supportedVersions;
  if (command === "VERSION") {
    if (script.isOlderThanVersion) return fail(4, "unknown CNI_COMMAND: VERSION");
    return end(0, JSON.stringify({ cniVersion: config.cniVersion, supportedVersions: supported }));
  }
  const needed = { ADD: ["CONTAINERID", "NETNS", "IFNAME"], CHECK: ["CONTAINERID", "NETNS", "IFNAME"], DEL: ["CONTAINERID", "IFNAME"] };
  const missing = (needed[command] ?? []).filter((name) => !process.env["CNI_" + name]);
  if (missing.length > 0) return fail(4, "required env variables [" + missing.map((name) => "CNI_" + name).join(",") + "] missing");
  if (!supported.includes(versionOf())) return fail(1, "incompatible CNI versions", 'config is "' + versionOf() + '", plugin supports ' + JSON.stringify(supported));
  if (command === "ADD") return end(0, JSON.stringify(config.prevResult ?? makeResult()));
  if (["DEL", "CHECK", "STATUS", "GC"].includes(command)) return end(0, "");
  return fail(4, "unknown CNI_COMMAND: " + command);
};

const reply = script.replies[command] ?? { type: "well" };
if (reply.stderr) write(2, reply.stderr);
switch (reply.type) {
  case "well": behaveWell(); break;
  case "answer": end(0, JSON.stringify(reply.json)); break;
  case "fail": fail(reply.code, reply.msg, reply.details); break;
  case "print": end(reply.exitCode ?? 0, reply.stdout); break;
  case "flood": {
    const fd = reply.stream === "stderr" ? 2 : 1;
    const block = "x".repeat(65536);
    for (let left = reply.bytes; left > 0; left -= block.length) write(fd, block.slice(0, left));
    if (reply.stream === "stderr") behaveWell(); else end(0, "");
    break;
  }
  case "crash": process.kill(process.pid, reply.signal ?? "SIGSEGV"); setInterval(() => {}, 1000); break;
  case "hang": {
    if (reply.ignoresTerm) process.on("SIGTERM", () => {});
    const child = require("node:child_process").spawn("sleep", ["3600"], { stdio: "inherit" });
    appendFileSync(join(dir, "pids"), process.pid + "\\n" + child.pid + "\\n");
    setInterval(() => {}, 1000);
    break;
  }
}
`;
