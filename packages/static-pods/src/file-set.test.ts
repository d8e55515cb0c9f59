import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeFiles } from "./file-set.ts";
import type { FileRecord } from "./file-set.ts";
import { manifest } from "../test/running-source.ts";
import { readManifest } from "./manifest.ts";

const fileOf = (path: string, names: readonly string[]): FileRecord => ({
  path,
  digest: path,
  pods: readManifest(names.map((name) => manifest(name)).join("\n---\n"), { source: "file", location: path, nodeName: "n", seenMs: 0 })
    .pods,
  problems: [],
});
const show = ({ pods }: { readonly pods: FileRecord["pods"] }): readonly (string | undefined)[] => pods.map((pod) => pod.metadata?.name);

describe("mergeFiles", () => {
  it("gives a name to the first file by path, then to whoever has it", () => {
    const [a, b] = [fileOf("/a", ["x"]), fileOf("/b", ["x"])];
    const first = mergeFiles([b, a], new Map());
    expect(first.pods).toEqual(a.pods);
    expect(first.problems).toMatchObject([{ location: "/b", field: "metadata.name" }]);
    const alone = mergeFiles([b], first.owners);
    expect(alone.pods).toEqual(b.pods);
    expect(mergeFiles([a, b], alone.owners).pods).toEqual(b.pods);
  });

  it("lets two files swap their pods", () => {
    const before = mergeFiles([fileOf("/a", ["x"]), fileOf("/b", ["y"])], new Map());
    const after = mergeFiles([fileOf("/a", ["y"]), fileOf("/b", ["x"])], before.owners);
    expect(show(after)).toEqual(["y-n", "x-n"]);
    expect(after.problems).toEqual([]);
  });

  it("refuses one UID for two pods", () => {
    const withUid = (path: string, name: string): FileRecord => {
      const { pods, ...file } = fileOf(path, [name]);
      return { ...file, pods: pods.map((pod) => ({ ...pod, metadata: { ...pod.metadata, uid: "same" } })) };
    };
    const merged = mergeFiles([withUid("/a", "x"), withUid("/b", "y")], new Map());
    expect(show(merged)).toEqual(["x-n"]);
    expect(merged.problems).toMatchObject([{ location: "/b", field: "metadata.uid" }]);
  });

  it("runs each name that is offered exactly once, whatever came before", () => {
    const state = fc.dictionary(fc.constantFrom("/a", "/b", "/c"), fc.uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1 }));
    fc.assert(
      fc.property(fc.array(state, { maxLength: 6 }), (states) => {
        let owners: ReadonlyMap<string, string> = new Map();
        for (const files of states) {
          const merged = mergeFiles(
            Object.entries(files).map(([path, names]) => fileOf(path, names)),
            owners,
          );
          const offered = new Set(
            Object.values(files)
              .flat()
              .map((name) => `${name}-n`),
          );
          expect(new Set(show(merged))).toEqual(offered);
          expect(show(merged)).toHaveLength(offered.size);
          expect(merged.problems).toHaveLength(Object.values(files).flat().length - offered.size);
          owners = merged.owners;
        }
      }),
      { numRuns: 30 },
    );
  });
});
