// A process that starts a lab with a pod, a control plane and a sleeping "kubelet", tells about it and waits to be killed: what a crashed test run leaves.
import { spawn } from "node:child_process";
import { startControlPlane, startLab } from "../src/index.ts";
import { runPod } from "./cri-messages.ts";

const lab = await startLab({ containerd: "1.6", yes: true });
await runPod(lab, { name: "orphan", hostPort: 18_099, command: ["sleep", "1000"] });
const kubelet = spawn("sh", ["-c", "sleep 1000; :", `--root-dir=${lab.kubeletDir}`], { detached: true, stdio: "ignore" });
kubelet.unref();
const { url } = await startControlPlane({ lab, kind: "embedded" });
process.stdout.write(`${JSON.stringify({ dir: lab.dir, kubeletPid: kubelet.pid, url })}\n`);
setInterval(() => undefined, 60_000);
