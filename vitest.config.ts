import { defineConfig } from "vitest/config";

/** Sources are imported through their own export condition, so that no test needs a build. */
const conditions = ["@nk/source", "node", "import", "default"];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: ["{packages,apps,tools}/*/src/**/*.test.ts", "{packages,apps,tools}/*/test/unit/**/*.test.ts"],
          // Ends what hangs, and measures nothing: what computes for a second takes over ten beside twenty others.
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          // Real containerd, mounts, cgroups and network namespaces: needs root, and one file at a time because the machine is shared.
          name: "peer",
          include: ["{packages,apps,tools}/*/test/peer/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
