import { openConnection, waitForConnect } from "./connection.ts";
import { describeDialError, joinHostPort } from "./network-error.ts";
import type { ProbeVerdict } from "./outcome.ts";

/** Whether somebody listens. The signal's abort is the time limit. */
export const probeTcp = async (target: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<ProbeVerdict> => {
  using connection = openConnection(target);
  try {
    await waitForConnect(connection.socket, signal);
    return { verdict: "success", output: "" };
  } catch (error) {
    const address = joinHostPort(target.host, target.port);
    return { verdict: "failure", output: signal.aborted ? `dial tcp ${address}: i/o timeout` : describeDialError(error, target) };
  }
};
