import { once } from "node:events";
import { createServer } from "node:net";
import type { Rig } from "./rig.ts";
import { NODE_NAME } from "./rig.ts";

/** Text that the read-only server answers to `/containerLogs/default/POD/CONTAINER?QUERY`. */
export const readLog = (rig: Rig, container: { readonly pod: string; readonly name: string }, query = ""): Promise<string> =>
  rig.kubelet.get(`/containerLogs/default/${container.pod}-${NODE_NAME}/${container.name}${query}`);

/** The log as it grows, until the kubelet ends it. */
export async function* followLog(
  rig: Rig,
  container: { readonly pod: string; readonly name: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const url = `http://127.0.0.1:${rig.kubelet.ports.readOnlyPort}/containerLogs/default/${container.pod}-${NODE_NAME}/${container.name}?follow=true`;
  const answer = await fetch(url, { signal });
  if (!answer.ok || answer.body === null) throw new Error(`the kubelet answered a follow with ${answer.status}: ${await answer.text()}`);
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) yield decoder.decode(chunk as Uint8Array, { stream: true });
}

/** A port of 127.0.0.1 that nobody listens on now. */
export const findFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await once(server.close(), "close");
  return typeof address === "object" && address !== null ? address.port : 0;
};
