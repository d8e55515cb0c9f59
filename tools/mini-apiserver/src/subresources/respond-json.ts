import type { ServerResponse } from "node:http";
import type { ApiObject } from "../contracts.ts";

/** Answers with one object. */
export const respondJson = (response: ServerResponse, code: number, object: ApiObject): void => {
  const body = Buffer.from(JSON.stringify(object));
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": body.length }).end(body);
};

/** The Status that says that what was asked for is done. */
export const SUCCESS: ApiObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
