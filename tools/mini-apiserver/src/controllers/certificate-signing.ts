import { isCertificatesError, isKeyUsage, parseCsr, signCsr } from "@nk/certificates";
import type { CertificateAuthority, ParsedCsr } from "@nk/certificates";
import type { CertificateSigningRequest } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import { createChannel } from "@nk/stdx";
import type { ApiObject, Authorizer, Controller } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { findApproval } from "./certificate-approval.ts";
import { findSigningFault, SIGNERS } from "./certificate-requests.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import type { ControllerOptions } from "./options.ts";

/** What approving and signing takes. */
export interface CertificateSigningOptions extends ControllerOptions {
  readonly authority: CertificateAuthority;
  readonly authorizer: Authorizer;
  /** Of certificates that ask for no time or a longer one; default a year (--cluster-signing-duration). */
  readonly lifetimeMs?: number;
}

const YEAR_MS = 365 * 86_400_000;
const MIN_LIFETIME_MS = 600_000;
const MAX_WAITING = 1_000;

const hasCondition = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status !== "False") ?? false;

/** Approves what a cluster approves by itself and signs what is approved, as soon as it comes (pkg/controller/certificates). */
export const createCertificateSigning = (options: CertificateSigningOptions): Controller => {
  const { store, clock, logger, authority, authorizer, lifetimeMs = YEAR_MS } = options;

  const addCondition = (name: string, condition: { readonly type: string; readonly reason: string; readonly message: string }): void => {
    const at = formatTimestamp(clock.nowMs());
    store.update(KIND.csrs, { name }, (current) => {
      const { status } = typed<CertificateSigningRequest>(current);
      const conditions = [...(status?.conditions ?? []), { status: "True", ...condition, lastUpdateTime: at, lastTransitionTime: at }];
      return { ...current, status: { ...status, conditions } };
    });
  };

  const sign = (name: string, request: CertificateSigningRequest, csr: ParsedCsr): void => {
    const fault = findSigningFault(csr, request.spec);
    if (fault !== undefined) {
      addCondition(name, { type: "Failed", reason: "SignerValidationFailure", message: fault });
      return;
    }
    const askedMs = request.spec?.expirationSeconds === undefined ? lifetimeMs : request.spec.expirationSeconds * 1000;
    const usages = (request.spec?.usages ?? []).filter(isKeyUsage);
    const granted = Math.min(lifetimeMs, Math.max(MIN_LIFETIME_MS, askedMs));
    const pem = signCsr({ csr, authority, usages, lifetimeMs: granted, clock });
    store.update(KIND.csrs, { name }, (current) => ({
      ...current,
      status: { ...typed<CertificateSigningRequest>(current).status, certificate: Buffer.from(pem).toString("base64") },
    }));
  };

  const advance = async (name: string): Promise<void> => {
    const object = store.get(KIND.csrs, { name });
    if (object === undefined) return;
    const request = typed<CertificateSigningRequest>(object);
    const isOurs = Object.values<string | undefined>(SIGNERS).includes(request.spec?.signerName);
    const isDone = (request.status?.certificate ?? "") !== "" || hasCondition(request, "Denied") || hasCondition(request, "Failed");
    if (!isOurs || isDone) return;
    const csr = parseCsr(Buffer.from(request.spec?.request ?? "", "base64").toString("latin1"));
    if (hasCondition(request, "Approved")) {
      attempt(logger, `signing certificate request ${name}`, () => sign(name, request, csr));
      return;
    }
    const message = await findApproval(request, csr, authorizer);
    if (message === undefined) return;
    attempt(logger, `approving certificate request ${name}`, () =>
      addCondition(name, { type: "Approved", reason: "AutoApproved", message }),
    );
  };

  return {
    name: "certificate-signing",
    run: async (signal) => {
      // One after another; a change that comes while one is worked on waits its turn.
      const names = createChannel<string>({ capacity: MAX_WAITING, overflow: "drop-oldest" });
      const note = ({ metadata }: ApiObject): void => void names.offer(metadata?.name ?? "");
      const work = async (): Promise<void> => {
        for await (const name of names) {
          await advance(name).catch((error: unknown) => {
            if (isCertificatesError(error)) logger.warn("a certificate request cannot be read", { name, error });
            else logger.error("a certificate request failed", { name, error });
          });
        }
      };
      const working = work();
      const follower = {
        onList: (items: readonly ApiObject[]) => items.forEach(note),
        onChange: ({ object }: { readonly object: ApiObject }) => note(object),
      };
      await follow(store, KIND.csrs, { follower, signal }).finally(() => names.close());
      await working;
    },
  };
};
