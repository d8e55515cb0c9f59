import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describePublicApi, listExports } from "./public-api.ts";

const root = join(import.meta.dirname, "../../..");

describe("the public API", () => {
  it("is what docs/public-api.txt says; a change of it is a decision (vitest -u writes it anew)", async () => {
    await expect(describePublicApi(root)).toMatchFileSnapshot(join(root, "docs/public-api.txt"));
  });

  it("is read from every form of export", () => {
    const text =
      'export { a, type B, c as d } from "./x.ts";\nexport type { E } from "./y.ts";\nexport type * from "./z.ts";\nexport const f = 1;\nexport interface G {}\n';
    expect(listExports(text)).toEqual(['export type * from "./z.ts"', "type B", "type E", "type G", "value a", "value d", "value f"]);
  });
});
