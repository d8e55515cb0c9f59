import { readFileSync } from "node:fs";

/** One request of the recorded API, and how the reference answered it to each identity. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query, exactly as it was sent. */
  readonly path: string;
  /** Of each identity, in the order of {@link ApiMatrix.identities}. */
  readonly statuses: readonly number[];
  /** The answer to a service account with system:kubelet-api-admin; no body where it depends on the node. */
  readonly asAdmin: { readonly status: number; readonly contentType: string; readonly body?: string };
  /** Body of the answer to `bob`, without white space at its end. */
  readonly asUserWithoutRights: string;
}

/** What fixtures/ORIGIN.md says about api-matrix.json. */
export interface ApiMatrix {
  readonly identities: readonly string[];
  readonly requests: readonly RecordedRequest[];
}

interface Written {
  readonly identities: readonly string[];
  readonly requests: readonly {
    readonly request: string;
    readonly status: { readonly [status: string]: readonly number[] };
    readonly as_admin: RecordedRequest["asAdmin"];
    readonly as_user_without_rights: string;
  }[];
}

/** Reads the recording of the kubelet's HTTPS port. @throws Error unless each request has one status for each identity */
export const readApiMatrix = (): ApiMatrix => {
  const { identities, requests } = JSON.parse(readFileSync(new URL("../fixtures/api-matrix.json", import.meta.url), "utf8")) as Written;
  return {
    identities,
    requests: requests.map(({ request, status, as_admin: asAdmin, as_user_without_rights: asUserWithoutRights }) => {
      const [method = "", path = ""] = request.split(" ");
      const statuses = identities.map((_, index) => Number(Object.entries(status).find(([, list]) => list.includes(index))?.[0]));
      if (statuses.some(Number.isNaN)) throw new Error(`the recording has no status for somebody's ${request}`);
      return { method, path, statuses, asAdmin, asUserWithoutRights };
    }),
  };
};
