/** RFC 3339 in UTC, cut to seconds, as all times in a pod's status are. */
export const formatTimestamp = (epochMs: number): string => new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace(".000Z", "Z");
