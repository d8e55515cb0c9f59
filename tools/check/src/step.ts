import { spawn } from "node:child_process";

/** What one step of the check found. `passed` and `failed` count tests where the step runs tests, else the step itself. */
export interface StepResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** A line for each failure that has a name of its own; it is repeated at the end of the run, where a cut log still shows it. */
  readonly failures?: readonly string[];
  readonly durationMs: number;
}

/** One step: prints as it goes, answers with counts. */
export interface Step {
  readonly name: string;
  run(): Promise<Omit<StepResult, "name" | "durationMs">>;
}

/** Runs a command with this process's output; resolves with whether it ended with 0. */
export const runCommand = (
  argv: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env?: { readonly [name: string]: string } },
): Promise<boolean> =>
  new Promise((resolve) => {
    const [command, ...args] = argv;
    const child = spawn(command, args, {
      cwd: options.cwd,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...options.env },
    });
    child.on("error", (error) => {
      console.error(`cannot start ${command}: ${error.message}`);
      resolve(false);
    });
    child.on("exit", (code) => resolve(code === 0));
  });

/** A step that is one command and counts as one. */
export const commandStep = (name: string, argv: readonly [string, ...string[]], cwd: string): Step => ({
  name,
  run: async () => ((await runCommand(argv, { cwd })) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
});

/** Runs steps in order, all of them, so that one run shows everything that is broken. */
export const runSteps = async (steps: readonly Step[]): Promise<readonly StepResult[]> => {
  const results: StepResult[] = [];
  for (const step of steps) {
    console.log(`\n=== ${step.name}`);
    const start = performance.now();
    const found = await step.run();
    results.push({ name: step.name, ...found, durationMs: performance.now() - start });
  }
  return results;
};
