import { unpackTar } from "modern-tar";
import { expect, it } from "vitest";
import { packOciArchive } from "./oci-archive.ts";

const layer = Buffer.from("not really a tar");
const images = [
  { name: "docker.io/library/a:latest", layer, config: { Cmd: ["sh"] } },
  { name: "docker.io/library/b:latest", layer, config: { User: "1000" } },
];

it("packs equal images into equal bytes", async () => {
  expect(Buffer.from(await packOciArchive(images)).equals(Buffer.from(await packOciArchive(images)))).toBe(true);
});

it("names every image and stores a shared layer once", async () => {
  const entries = await unpackTar(await packOciArchive(images));
  const index = entries.find((entry) => entry.header.name === "index.json");
  const { manifests } = JSON.parse(Buffer.from(index?.data ?? []).toString()) as { manifests: { annotations: Record<string, string> }[] };
  expect(manifests.map((manifest) => manifest.annotations["io.containerd.image.name"])).toEqual(images.map((image) => image.name));
  // Two files of the layout, one layer, two configs, two manifests.
  expect(entries).toHaveLength(7);
});
