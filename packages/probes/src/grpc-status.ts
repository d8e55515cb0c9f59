import { STATUS_CODES } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";

/** How a call ended, in the words of gRPC. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** By number (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const CODE_NAMES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

/** Name of a code as events show it. */
export const grpcCodeName = (code: number): string => CODE_NAMES[code] ?? `Code(${code})`;

export type GrpcCodeName = (typeof CODE_NAMES)[number];

/** A status by the name of its code. */
export const grpcStatus = (name: GrpcCodeName, message: string): GrpcStatus => ({ code: CODE_NAMES.indexOf(name), message });

const decodeMessage = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const textOf = (value: string | readonly string[] | undefined): string => (typeof value === "string" ? value : (value?.join(", ") ?? ""));

const CODE_OF_HTTP_STATUS: { readonly [status: number]: GrpcCodeName } = {
  400: "Internal",
  401: "Unauthenticated",
  403: "PermissionDenied",
  404: "Unimplemented",
  429: "Unavailable",
  502: "Unavailable",
  503: "Unavailable",
  504: "Unavailable",
};

/** By HTTP/2's error code: its name, and what gRPC makes of it (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors). */
const RESETS: readonly (readonly [name: string, code: GrpcCodeName])[] = [
  ["NO_ERROR", "Internal"],
  ["PROTOCOL_ERROR", "Internal"],
  ["INTERNAL_ERROR", "Internal"],
  ["FLOW_CONTROL_ERROR", "ResourceExhausted"],
  ["SETTINGS_TIMEOUT", "Internal"],
  ["STREAM_CLOSED", "Internal"],
  ["FRAME_SIZE_ERROR", "Internal"],
  ["REFUSED_STREAM", "Unavailable"],
  ["CANCEL", "Canceled"],
  ["COMPRESSION_ERROR", "Internal"],
  ["CONNECT_ERROR", "Internal"],
  ["ENHANCE_YOUR_CALM", "ResourceExhausted"],
  ["INADEQUATE_SECURITY", "PermissionDenied"],
  ["HTTP_1_1_REQUIRED", "Internal"],
];

/** Of a stream that the server ended without a status. */
export const statusOfReset = (errorCode: number): GrpcStatus => {
  if (errorCode === 0) return grpcStatus("Internal", "server closed the stream without sending trailers");
  const [name, code] = RESETS[errorCode] ?? [`${errorCode}`, "Unknown"];
  return grpcStatus(code, `stream terminated by RST_STREAM with error code: ${name}`);
};

/** Whether a response says that it is one of gRPC. */
export const isGrpc = (headers: IncomingHttpHeaders): boolean => /^application\/grpc(?:[+;]|$)/.test(headers["content-type"] ?? "");

/** What a server that does not speak gRPC answered. */
export const foreignStatus = (headers: IncomingHttpHeaders): GrpcStatus => {
  const status = Number(headers[":status"] ?? 0);
  const contentType = headers["content-type"];
  const about =
    contentType === undefined
      ? "malformed header: missing HTTP content-type"
      : `transport: received unexpected content-type ${JSON.stringify(contentType)}`;
  const text = `unexpected HTTP status code received from server: ${status} (${STATUS_CODES[status] ?? ""}); ${about}`;
  return grpcStatus(CODE_OF_HTTP_STATUS[status] ?? "Unknown", text);
};

/** Of the trailers, or of headers that are all there is. */
export const statusOfTrailers = (trailers: IncomingHttpHeaders): GrpcStatus => {
  const code = textOf(trailers["grpc-status"]);
  if (!/^\d+$/.test(code)) return grpcStatus("Unknown", code === "" ? "" : `transport: malformed grpc-status: ${JSON.stringify(code)}`);
  return { code: Number(code), message: decodeMessage(textOf(trailers["grpc-message"])) };
};
