import { describe, expect, it } from "vitest";
import { problemsOfContainer, problemsOfInit } from "../../test/problems-of.ts";

const AT = "spec.containers[0].lifecycle.stopSignal";
const stopping = (stopSignal: string, os?: string): readonly string[] =>
  problemsOfContainer({ lifecycle: { stopSignal } }, os === undefined ? {} : { os: { name: os } });
const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const NAMES = [
  ..."SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF".split(" "),
  ..."SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2".split(" "),
  ..."SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX".split(" "),
  ...numbers(1, 15).map((n) => `SIGRTMIN+${n}`),
  ...numbers(1, 14).map((n) => `SIGRTMAX-${n}`),
];

describe("a container's stop signal", () => {
  it("may be each that the runtime knows", () => {
    expect(NAMES).toHaveLength(65);
    for (const name of NAMES) expect(stopping(name, "linux")).toEqual([]);
  });

  it("is one of the operating system's, which the pod has to name", () => {
    expect(stopping("SIGTERM")).toEqual([`${AT}: Forbidden: may not be set for containers with empty \`spec.os.name\``]);
    const [problem] = stopping("SIGNONE", "linux");
    expect(problem).toContain(`${AT}: Unsupported value: "SIGNONE": supported values: "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD"`);
    expect(problem?.split("supported values: ")[1]?.split(", ")).toEqual(NAMES.map((name) => `"${name}"`).toSorted());
    expect(stopping("SIGINT", "windows")).toEqual([`${AT}: Unsupported value: "SIGINT": supported values: "SIGKILL", "SIGTERM"`]);
  });

  it("is for sidecars, and for no other init container", () => {
    const fields = { lifecycle: { stopSignal: "SIGINT" } };
    const spec = { os: { name: "linux" } };
    expect(problemsOfInit({ restartPolicy: "Always", ...fields }, spec)).toEqual([]);
    expect(problemsOfInit({ restartPolicy: "Never", ...fields }, spec)).toEqual([
      "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
    ]);
  });
});
