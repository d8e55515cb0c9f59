import { rename, unlink, writeFile } from "node:fs/promises";
import { createSeededRandom } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { commandsOf, makeDirectory, manifest, namesOf, runFileSource } from "../test/running-source.ts";

const FILES = ["a.yaml", "b.yaml", "c.yaml", "d.yaml"] as const;
const STEPS = 60;

/** What a file says, and what of it should run. */
interface Expected {
  readonly text: string;
  readonly running: { readonly pod: string; readonly command: string } | undefined;
}

describe("a manifest directory under random changes", () => {
  it.each([1, 2, 3])("converges to what the files say (seed %i)", async (seed) => {
    const random = createSeededRandom(seed);
    const pick = (bound: number): number => Math.floor(random() * bound);
    const model = new Map<string, Expected>();
    await using dir = await makeDirectory();
    await using source = runFileSource(dir.path);

    const put = async (file: string, expected: Expected): Promise<void> => {
      model.set(file, expected);
      if (pick(2) === 0) await writeFile(dir.at(file), expected.text);
      else {
        await writeFile(dir.at(`.${file}.swp`), expected.text);
        await rename(dir.at(`.${file}.swp`), dir.at(file));
      }
    };

    const isConverged = (): boolean => {
      const wanted = FILES.map((file) => model.get(file)?.running).filter((running) => running !== undefined);
      const bad = [...model.values()].filter(({ text }) => text.startsWith("{bad")).length;
      const last = source.snapshots.at(-1);
      if (last === undefined || last.problems.length !== bad) return false;
      return (
        namesOf(last) === wanted.map(({ pod }) => pod).join(" ") && commandsOf(last) === wanted.map(({ command }) => command).join(" ")
      );
    };

    for (let step = 0; step < STEPS; step += 1) {
      const file = FILES[pick(FILES.length)] ?? "a.yaml";
      const action = pick(4);
      // Which version a bad one leaves running is certain only when the one before it was seen.
      if (action === 1) await source.until(isConverged);
      if (action === 0 && model.has(file)) {
        model.delete(file);
        await unlink(dir.at(file));
      } else if (action === 1) await put(file, { text: `{bad ${step}`, running: model.get(file)?.running });
      else {
        // Never the same twice: so that a snapshot from before a change can't be taken for one after it.
        const command = `v${step}`;
        await put(file, { text: manifest(file.slice(0, 1), command), running: { pod: file.slice(0, 1), command } });
      }
      // Sometimes let changes pile up.
      if (pick(3) > 0) await source.until(isConverged);
    }
    await source.until(isConverged);
    expect(isConverged()).toBe(true);
  });
});
