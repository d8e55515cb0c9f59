import type { MetricRegister } from "@nk/stdx";
import type { Route } from "../route.ts";

/** Returns a decorator of routes that counts the WebSockets they are asked for, by the reference's name. */
export const createWebSocketCounter = (register: MetricRegister): ((route: Route, subresource: string) => Route) => {
  const requests = register.counter({
    name: "kubelet_websocket_streaming_requests_total",
    help: "[ALPHA] Total number of WebSocket streaming requests (exec/attach/portforward) received by the kubelet.",
    labelNames: ["subresource"],
  });
  return (route, subresource) => ({
    ...route,
    serve: (request, response) => {
      if (request.upgrade?.protocol.toLowerCase() === "websocket") requests.inc({ subresource });
      return route.serve(request, response);
    },
  });
};
