/**
 * Imported before anything else: V8 reads these flags when the heap grows, so they count only when they are set first. A small young
 * generation costs some CPU per relist and saves tens of megabytes; docs/testing.md has the figures.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--max-semi-space-size=1");
