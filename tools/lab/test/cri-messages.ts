import { callCri } from "../src/cri-probe.ts";
import type { Lab } from "../src/index.ts";

/** Field number to value: a text, a number, a nested message, or several of them. A message of the protobuf wire format in a few lines. */
interface Fields {
  readonly [field: number]: string | number | Fields | readonly (string | Fields)[];
}

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);

const encode = (fields: Fields): Buffer => {
  const parts: Buffer[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const field = Number(key);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === "number") {
        parts.push(Buffer.from([...varint(field * 8), ...varint(one)]));
        continue;
      }
      const body = typeof one === "string" ? Buffer.from(one) : encode(one as Fields);
      parts.push(Buffer.from([...varint(field * 8 + 2), ...varint(body.length)]), body);
    }
  }
  return Buffer.concat(parts);
};

/** The text of field 1, which is the id in the answers used here. */
const firstText = (message: Buffer): string => message.subarray(2, 2 + (message[1] ?? 0)).toString();

const socketOf = (lab: Lab): string => lab.endpoint.replace("unix://", "");

/** A pod as the tests want it. */
export interface TestPod {
  readonly name: string;
  readonly command: readonly string[];
  /** Mapped to port 80 of the pod. */
  readonly hostPort?: number;
}

/** Runs a pod with one busybox container through CRI; returns the ids. */
export const runPod = async (lab: Lab, pod: TestPod): Promise<{ sandboxId: string; containerId: string }> => {
  const sandbox: Fields = {
    1: { 1: pod.name, 2: `uid-${pod.name}`, 3: "default" },
    3: `${lab.dir}/logs`,
    ...(pod.hostPort === undefined ? {} : { 5: { 2: 80, 3: pod.hostPort } }),
    8: { 1: `${lab.cgroupRoot}/kubepods/${pod.name}` },
  };
  const socket = socketOf(lab);
  const sandboxId = firstText(await callCri(socket, "RuntimeService/RunPodSandbox", encode({ 1: sandbox })));
  const config: Fields = { 1: { 1: "main" }, 2: { 1: lab.images.busybox }, 3: pod.command, 11: "main.log", 15: {} };
  const containerId = firstText(await callCri(socket, "RuntimeService/CreateContainer", encode({ 1: sandboxId, 2: config, 3: sandbox })));
  await callCri(socket, "RuntimeService/StartContainer", encode({ 1: containerId }));
  return { sandboxId, containerId };
};

/** Pulls an image through CRI; rejects with the runtime's words. */
export const pullImage = async (lab: Lab, image: string, auth?: { username: string; password: string }): Promise<string> =>
  firstText(
    await callCri(
      socketOf(lab),
      "ImageService/PullImage",
      encode({ 1: { 1: image }, ...(auth ? { 2: { 1: auth.username, 2: auth.password } } : {}) }),
    ),
  );
