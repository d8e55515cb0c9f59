import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { systemClock } from "@nk/stdx";

/** When a shot came, in milliseconds since the epoch, and at what: the path of an HTTP probe, the service of a gRPC one. */
export interface Shot {
  readonly atMs: number;
  readonly at: string;
}

/** Something of the host's that probes are shot at: every pod's HTTP and TCP probes, and gRPC probes of pods on the host's network. */
export interface ProbeTarget {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly shots: readonly Shot[];
  close(): void;
}

const listen = async (server: Server, sockets: Set<Socket>): Promise<number> => {
  server.on("connection", (socket: Socket) => {
    // Probes end with a reset.
    sockets.add(socket.on("error", () => undefined));
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  return (server.address() as AddressInfo).port;
};

/** The name in the frame of a HealthCheckRequest: five bytes before the message, two before the name. */
const serviceOf = (frame: Buffer): string => frame.subarray(7).toString("utf8");

/** A HealthCheckResponse: SERVING, or NOT_SERVING for the service `sick`. */
const answerCheck = (stream: ServerHttp2Stream, service: string): void => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === "sick" ? 2 : 1]));
};

/** Answers `/away` with a redirect to another host, `/status/NNN` with that status, and everything else with 200. */
const answerGet = ({ url = "" }: IncomingMessage, response: ServerResponse): void => {
  const status = Number(/^\/status\/(\d+)$/.exec(url)?.[1] ?? 200);
  if (url === "/away") response.writeHead(302, { location: "http://192.0.2.1/" }).end("elsewhere");
  else response.writeHead(status).end();
};

/** Listens on every address of the host, as pods on its network would. */
export const startProbeTarget = async (): Promise<ProbeTarget> => {
  const shots: Shot[] = [];
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    shots.push({ atMs: systemClock.nowMs(), at: request.url ?? "" });
    answerGet(request, response);
  });
  const grpc = createHttp2Server();
  grpc.on("sessionError", () => undefined);
  grpc.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const service = serviceOf(Buffer.concat(chunks));
      shots.push({ atMs: systemClock.nowMs(), at: service });
      answerCheck(stream, service);
    });
  });
  return {
    httpPort: await listen(http, sockets),
    grpcPort: await listen(grpc, sockets),
    shots,
    close: () => {
      for (const socket of sockets) socket.destroy();
      http.close();
      grpc.close();
    },
  };
};
