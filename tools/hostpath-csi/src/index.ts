export { startHostpathDriver } from "./driver.ts";
export type { HostpathDriver, HostpathOptions } from "./driver.ts";
