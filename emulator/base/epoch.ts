/**
 * The date at virtual time 0, which captures, servers and guests' clocks agree on: 13 May 2013, 00:00 UTC, the date on the study that the lab
 * reproduces. Milliseconds since 1970.
 */
export const EPOCH_MS = 1_368_403_200_000;
