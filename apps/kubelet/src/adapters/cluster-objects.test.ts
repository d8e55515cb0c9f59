import type { Container, Pod } from "@nk/pod-model";
import type { ObjectPort } from "@nk/volumes";
import { VolumesError } from "@nk/volumes";
import { expect, it } from "vitest";
import { readEnvObjects } from "./cluster-objects.ts";

const container = (name: string, configMap: string, secret: string): Container => ({
  name,
  envFrom: [{ configMapRef: { name: configMap } }],
  env: [{ name: "S", valueFrom: { secretKeyRef: { name: secret, key: "k" } } }],
});
const main = container("main", "good", "gone");
const pod: Pod = { metadata: { namespace: "ns" }, spec: { containers: [main, container("other", "forbidden", "good")] } };

const objects = {
  get: async (kind: string, { namespace, name }: { readonly namespace: string; readonly name: string }) => {
    if (name === "gone") throw new VolumesError("object-not-found", "gone");
    if (name === "forbidden") throw new VolumesError("object-unavailable", `${kind} ${name} is forbidden`);
    return { data: { k: kind === "Secret" ? Buffer.from(namespace).toString("base64") : namespace } };
  },
} as unknown as ObjectPort;

it("objects of a container's environment are its own, and one that does not exist is left out", async () => {
  const found = await readEnvObjects(objects, { pod, container: main }, {});
  expect(found).toEqual({ configMaps: new Map([["good", new Map([["k", "ns"]])]]), secrets: new Map() });
});

it("an object that cannot be read is told of by the container that needs it", async () => {
  const other = pod.spec?.containers[1] ?? main;
  await expect(readEnvObjects(objects, { pod, container: other }, {})).rejects.toThrow("ConfigMap forbidden is forbidden");
});
