import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { writeKubeconfig } from "./pki.ts";
import type { Authority } from "./pki.ts";
import type { ControlPlane } from "./types.ts";

/** Who is known from the start, and how others become known. */
export type Identities = Pick<ControlPlane, "adminKubeconfig" | "nodeKubeconfig" | "api" | "addIdentity">;

/** Issues certificates and writes kubeconfigs into `dir`; the API need not run yet. */
export const openIdentities = async (options: {
  readonly dir: string;
  readonly url: string;
  readonly authority: Authority;
  readonly nodeName: string;
}): Promise<Identities> => {
  const { dir, url, authority, nodeName } = options;
  const addIdentity: Identities["addIdentity"] = async ({ user, groups }) => {
    const name = user.replaceAll(/[^\w.-]+/gu, "-");
    const files = await authority.issue(name, { user, groups });
    return writeKubeconfig(join(dir, `${name}.kubeconfig`), { url, caFile: authority.cert, user, files });
  };
  const openAdmin = async (): Promise<{ readonly api: ApiClient; readonly path: string }> => {
    const user = "kubernetes-admin";
    const files = await authority.issue("admin", { user, groups: ["system:masters"] });
    const path = await writeKubeconfig(join(dir, "admin.kubeconfig"), { url, caFile: authority.cert, user, files });
    const [ca = "", cert = "", key = ""] = await Promise.all([authority.cert, files.cert, files.key].map((file) => readFile(file, "utf8")));
    return { api: createApiClient({ url, ca, cert, key }), path };
  };
  const [admin, nodeKubeconfig] = await Promise.all([
    openAdmin(),
    addIdentity({ user: `system:node:${nodeName}`, groups: ["system:nodes"] }),
  ]);
  return { adminKubeconfig: admin.path, nodeKubeconfig, api: admin.api, addIdentity };
};
