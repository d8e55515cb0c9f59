import { describe, expect, it } from "vitest";
import { setterInput } from "../../test/setter-input.ts";
import type { ImageFact } from "../facts.ts";
import { FAKE_FACTS } from "../testing/index.ts";
import { setImages } from "./images.ts";

const image = (id: string, sizeBytes: number, names: Partial<ImageFact> = {}): ImageFact => ({
  id,
  sizeBytes,
  repoTags: [`tag-${id}`],
  repoDigests: [],
  ...names,
});
const run = (images: readonly ImageFact[] | undefined, maxImages?: number) =>
  setImages(setterInput({ facts: { ...FAKE_FACTS, images }, settings: maxImages === undefined ? {} : { maxImages } })).status?.images;

describe("setImages", () => {
  it("shows the largest first, and of equal ones that with the higher id", () => {
    expect(run([image("a", 1), image("b", 3), image("c", 1)])?.map(({ names }) => names?.[0])).toEqual(["tag-b", "tag-c", "tag-a"]);
  });

  it.each([
    [0, 0],
    [2, 2],
    [-1, 60],
    [undefined, 50],
  ])("with a limit of %s shows %i of 60", (maxImages, count) => {
    expect(
      run(
        Array.from({ length: 60 }, (_, index) => image(`${index}`, index)),
        maxImages,
      ),
    ).toHaveLength(count);
  });

  it("shows at most five names of one, digests first", () => {
    const names = { repoDigests: ["d1", "d2", "d3"], repoTags: ["t1", "t2", "t3"] };
    expect(run([image("a", 1, names)])).toEqual([{ names: ["d1", "d2", "d3", "t1", "t2"], sizeBytes: 1 }]);
  });

  it("leaves the images alone until they have been listed", () => {
    expect(run(undefined)).toBeUndefined();
  });
});
