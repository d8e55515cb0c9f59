import type { SelfPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `/configz`: the configuration in force. */
export const configzRoute = (self: Pick<SelfPort, "configuration">): Route => ({
  path: "/configz",
  methods: "any",
  subresources: ["configz", "proxy"],
  isLocalOnly: true,
  serve: (_request, response) => sendText(response, JSON.stringify({ kubeletconfig: self.configuration() }), "application/json"),
});
