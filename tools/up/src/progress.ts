import { systemClock } from "@nk/stdx";

/** Where progress goes; standard error in the program. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Tells what is going on: on a terminal one line that is redrawn, elsewhere one line when a step begins and ends. */
export interface Progress {
  /** Runs one step under a name; `say` inside it shows details. */
  step<T>(what: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
  /** One line that stays. */
  say(message: string): void;
  /** A line to copy: nothing stands before it. */
  show(line: string): void;
}

const FRAMES = ["|", "/", "-", "\\"];

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Progress on the given output. */
export const createProgress = (output: ProgressOutput): Progress => {
  const live = output.isTTY === true;
  const say = (message: string): void => void output.write(`${live ? "\r\u001B[K" : ""}nk: ${message}\n`);
  return {
    say,
    show: (line) => void output.write(`${line}\n`),
    step: async (what, work) => {
      const start = systemClock.monotonicMs();
      const elapsedMs = (): number => systemClock.monotonicMs() - start;
      let detail = "";
      let frame = 0;
      const draw = (): void => {
        frame += 1;
        const line = `nk: ${FRAMES[frame % FRAMES.length]} ${what} … ${seconds(elapsedMs())} ${detail}`;
        output.write(`\r\u001B[K${line.slice(0, (output.columns || 80) - 1)}`);
      };
      const timer = live ? setInterval(draw, 120) : undefined;
      try {
        const result = await work((text) => {
          detail = text;
          if (!live) say(`${what}: ${text}`);
        });
        say(`${what}: ${seconds(elapsedMs())}`);
        return result;
      } catch (error) {
        say(`${what}: failed after ${seconds(elapsedMs())}`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
};
