import { defineConfig } from "tsup";

/** The node agent as one file: what a node gets, without a node_modules folder. */
export default defineConfig({
  entry: { kubelet: "src/main.ts" },
  format: "esm",
  target: "node24",
  platform: "node",
  noExternal: [/./],
  minify: true,
  dts: false,
  clean: true,
  silent: true,
  splitting: false,
  esbuildOptions: (options) => {
    options.conditions = ["@nk/source"];
  },
  // CommonJS dependencies in the bundle ask for node's own modules by require.
  banner: { js: 'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);' },
});
