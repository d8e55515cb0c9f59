import type { EventPort, ExecAnswer, ExecPort, ExecRequest, ProbeEvent } from "../ports.ts";

export interface FakeExec extends ExecPort {
  /** Every command that was run, in order. */
  readonly requests: readonly ExecRequest[];
}

/** An exec port that answers what it is told to; by default every command ends with 0. */
export const createFakeExec = (
  answer: (request: ExecRequest) => ExecAnswer | Promise<ExecAnswer> = () => ({ type: "exited", exitCode: 0, output: "" }),
): FakeExec => {
  const requests: ExecRequest[] = [];
  return {
    requests,
    exec: async (request) => {
      requests.push(request);
      return answer(request);
    },
  };
};

/** Keeps the events it is given. */
export const createEventRecorder = (): EventPort & { readonly events: readonly ProbeEvent[] } => {
  const events: ProbeEvent[] = [];
  return {
    events,
    record: (event) => {
      events.push(event);
    },
  };
};
