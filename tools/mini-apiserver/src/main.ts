import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Logger } from "@nk/stdx";
import { startMiniApiserver } from "./start.ts";

const USAGE = `usage: mini-apiserver [--data-dir DIR] [--persist FILE] [--address ADDRESS] [--port PORT] [--node NAME] [--once]

A Kubernetes control plane in one process, for development on one machine. Not for production: no audit, no backup, no second server.

  --data-dir DIR     authority, keys and kubeconfigs; default ./mini-apiserver
  --persist FILE     keep the objects in this SQLite file; default: in memory
  --address ADDRESS  default 127.0.0.1
  --port PORT        default 6443
  --node NAME        also write a kubeconfig for the kubelet of this node
  --once             write the kubeconfigs and end
`;

const log =
  (level: string) =>
  (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    const { error, ...rest } = fields ?? {};
    const reason = error instanceof Error ? ` (${error.message})` : "";
    console.error(`${level}: ${message}${reason}${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ""}`);
  };

const logger: Logger = { debug: () => undefined, info: log("info"), warn: log("warning"), error: log("error"), child: () => logger };

const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => resolve());
  });

const OPTIONS = {
  "data-dir": { type: "string", default: "mini-apiserver" },
  persist: { type: "string" },
  address: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "6443" },
  node: { type: "string" },
  once: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const readArguments = () => {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
};

const run = async (values: NonNullable<ReturnType<typeof readArguments>>): Promise<void> => {
  const { "data-dir": dataDir, persist, node, address } = values;
  const server = await startMiniApiserver({
    dataDir,
    address,
    port: Number(values.port),
    logger,
    ...(persist === undefined ? {} : { persistFile: persist }),
  });
  const admin = join(dataDir, "admin.kubeconfig");
  await server.writeKubeconfig(admin, { user: "admin" });
  console.log(`a development control plane answers at ${server.url}; try: kubectl --kubeconfig ${admin} get pods --all-namespaces`);
  if (node !== undefined) {
    const path = join(dataDir, "kubelet.kubeconfig");
    await server.writeKubeconfig(path, { user: "node", nodeName: node });
    console.log(`for the kubelet of ${node}: ${path}`);
  }
  if (!values.once) await stopped();
  await server.close();
};

const values = readArguments();
if (values?.help === true) console.log(USAGE);
else if (values !== undefined) await run(values);
