export { CONTAINER_LOGS_ERROR_CODES, ContainerLogsError, isContainerLogsError } from "./errors.ts";
export { parseLogLine } from "./log-line.ts";
export { readContainerLog } from "./read-container-log.ts";
export type { ContainerLogsErrorCode } from "./errors.ts";
export type { LogLine, LogStream } from "./log-line.ts";
export type { ReadContainerLogOptions } from "./options.ts";
