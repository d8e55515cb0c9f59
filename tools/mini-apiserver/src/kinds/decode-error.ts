/** What was wrong with a value; its message is the one Go's decoder gives. */
export class DecodeError extends Error {}
