export * from "./client.js";
export { NotGenuine, Problem, TimedOut, TouchstoneError, Unreachable } from "./errors.js";
export type { Options } from "./requests.js";
export type { Resumable } from "./resumable.js";
export type { components, operations, paths } from "./schema.js";
export { verify, type Message } from "./webhooks.js";
