/**
 * Imported before anything else. V8 takes the size of its young generation when the process starts and malloc the number of its arenas
 * at the first thread, so the process replaces itself once (execve: the same pid, some 100 ms) with what makes it small. The figures
 * are in tools/bench. Run from its sources it stays as it was started: there the compiler of TypeScript costs more than all of this saves.
 */
const FLAGS: readonly string[] = ["--max-semi-space-size=2", "--optimize-for-size", "--no-opt", "--no-maglev", "--no-parallel-scavenge"];

const isBundle = !import.meta.url.endsWith(".ts");

if (isBundle && !FLAGS.every((flag) => process.execArgv.includes(flag)) && process.execve !== undefined) {
  const argv = [process.execPath, ...process.execArgv, ...FLAGS, ...process.argv.slice(1)];
  process.execve(process.execPath, argv, { MALLOC_ARENA_MAX: "1", ...process.env });
}
