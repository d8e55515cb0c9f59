import { negotiateZPage, sendZPage, zPageHeader } from "../http/negotiate.ts";
import type { SelfPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `/flagz`: the flags the kubelet was started with. */
export const flagzRoute = (self: Pick<SelfPort, "flags">): Route => ({
  path: "/flagz",
  methods: "any",
  subresources: ["configz"],
  isLocalOnly: true,
  serve: (request, response) => {
    const form = negotiateZPage(request.headers.accept, "Flagz");
    const flags = Object.entries(self.flags()).toSorted(([one], [other]) => (one < other ? -1 : 1));
    if (form.kind === "text") {
      sendText(response, zPageHeader("flagz") + flags.map(([name, value]) => `${name}=${value}\n`).join(""));
      return;
    }
    const { apiVersion } = form;
    const object = { kind: "Flagz", apiVersion, metadata: { name: "kubelet" }, flags: Object.fromEntries(flags) };
    sendZPage(response, form, object);
  },
});
