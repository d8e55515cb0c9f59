import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startHostpathDriver } from "./driver.ts";

const USAGE = `usage: hostpath-csi --root DIR --socket PATH [--target-root DIR] [--name NAME] [--node-id ID] [--registration-dir DIR] [--no-attach]

A CSI driver for one machine, for tests: directories, tmpfs (parameter kind=tmpfs) and loop devices (block volumes). Needs root.

  --root DIR              volumes, snapshots and the driver's state
  --socket PATH           where the driver listens
  --target-root DIR       nothing is staged or published outside it; default /var/lib/kubelet
  --name NAME             default hostpath.csi.nk.example
  --node-id ID            default the host's name
  --registration-dir DIR  register with the kubelet whose plugins_registry this is
  --no-attach             without ControllerPublishVolume
`;

const OPTIONS = {
  root: { type: "string" },
  socket: { type: "string" },
  "target-root": { type: "string", default: "/var/lib/kubelet" },
  name: { type: "string", default: "hostpath.csi.nk.example" },
  "node-id": { type: "string", default: hostname() },
  "registration-dir": { type: "string" },
  "no-attach": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const fail = (message: string, exitCode: number): void => {
  console.error(`hostpath-csi: ${message}`);
  process.exitCode = exitCode;
};

const readArguments = () => {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, 2);
    return undefined;
  }
};

const run = async (values: NonNullable<ReturnType<typeof readArguments>>): Promise<void> => {
  const { root, socket, name } = values;
  if (root === undefined || socket === undefined) return fail(`--root and --socket are needed\n\n${USAGE}`, 2);
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.resolve());
  const registrationDir = values["registration-dir"];
  mkdirSync(values["target-root"], { recursive: true });
  await using driver = await startHostpathDriver({
    root,
    targetRoot: values["target-root"],
    socketPath: socket,
    name,
    nodeId: values["node-id"],
    without: values["no-attach"] ? ["publishUnpublishVolume", "publishReadonly", "listVolumesPublishedNodes"] : [],
    ...(registrationDir === undefined ? {} : { registrationPath: join(registrationDir, `${name}-reg.sock`) }),
    onRegistration: ({ pluginRegistered, error }) => {
      if (pluginRegistered) return console.log(`registered with the kubelet as ${name}`);
      fail(`the kubelet did not register ${name}: ${error}`, 1);
      stop.resolve();
    },
  });
  console.log(`${name} listens on ${driver.endpoint}`);
  await stop.promise;
};

const values = readArguments();
if (values?.help === true) console.log(USAGE);
else if (values !== undefined) await run(values).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error), 1));
