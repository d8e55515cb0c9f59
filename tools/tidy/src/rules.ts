import { docsRule } from "./rules/docs.ts";
import { globalsRule } from "./rules/globals.ts";
import { importsRule } from "./rules/imports.ts";
import { namesRule } from "./rules/names.ts";
import { privacyRule } from "./rules/privacy.ts";
import { purityRule } from "./rules/purity.ts";
import { readmeRule } from "./rules/readme.ts";
import { sizeRule } from "./rules/size.ts";
import { starRule } from "./rules/star.ts";
import { suppressionsRule } from "./rules/suppressions.ts";
import type { Rule } from "./workspace.ts";

/** Every rule of the repository; docs/style.md says why each exists. */
export const RULES: readonly Rule[] = [
  starRule,
  importsRule,
  sizeRule,
  namesRule,
  globalsRule,
  purityRule,
  suppressionsRule,
  readmeRule,
  docsRule,
  privacyRule,
];
