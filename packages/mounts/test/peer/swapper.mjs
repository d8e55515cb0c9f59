// A hostile container: swaps names below argv[2] between a directory and a link out of it, as fast as it can, until it is killed.
import { mkdirSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const [, , dir, outside] = process.argv;
const name = join(dir, "victim");
const kept = join(dir, "kept");
process.send?.("ready");
for (;;) {
  try {
    symlinkSync(outside, join(dir, "link"));
    renameSync(name, kept);
    renameSync(join(dir, "link"), name);
    unlinkSync(name);
    renameSync(kept, name);
  } catch {
    for (const undo of [() => unlinkSync(join(dir, "link")), () => renameSync(kept, name), () => mkdirSync(name)]) {
      try {
        undo();
      } catch {
        // Whatever state it is in, the next turn begins again.
      }
    }
  }
}
