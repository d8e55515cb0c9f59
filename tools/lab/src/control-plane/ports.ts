import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { systemRandom } from "@nk/stdx";
import { LabError } from "../errors.ts";

/** Below the ephemeral range and the node ports: a port that a stopped server left stays free until it comes back. */
const FIRST = 20_000;
const COUNT = 9_000;
const MAX_ATTEMPTS = 200;

const tryListen = async (address: string): Promise<Server | undefined> => {
  const server = createServer().listen(FIRST + Math.floor(systemRandom() * COUNT), address);
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
};

/** Finds free ports on an address, all different. They are held open until all are found. */
export const findLastingPorts = async (count: number, address = "127.0.0.1"): Promise<readonly number[]> => {
  const servers: Server[] = [];
  for (let attempt = 0; servers.length < count && attempt < MAX_ATTEMPTS; attempt++) {
    const server = await tryListen(address);
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => {
    const bound = server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  if (ports.length < count) throw new LabError("host-unfit", `found no ${count} free ports on ${address}`);
  return ports;
};
