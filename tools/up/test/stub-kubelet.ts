// Stands in for the kubelet where the program around it is tested: serves health and one pod per manifest, ready at once. With a file
// named crash.yaml in the folder it ends with an error instead.
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";

const flag = (name: string): string => process.argv.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? "";
const config = JSON.parse(readFileSync(flag("config"), "utf8")) as { staticPodPath: string; readOnlyPort: number; healthzPort: number };

createServer((_, response) => response.end("ok")).listen(config.healthzPort, "127.0.0.1");
createServer((_, response) => {
  const names = readdirSync(config.staticPodPath);
  if (names.includes("crash.yaml")) {
    process.stderr.write("the stub was told to crash\n");
    process.exit(7);
  }
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  response.end(JSON.stringify({ kind: "PodList", items: names.map((name) => ({ metadata: { name }, status })) }));
}).listen(config.readOnlyPort, "127.0.0.1");
