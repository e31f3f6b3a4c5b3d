/**
 * Frames have an index in programs and a number for people: numbers count from 1, as in Wireshark’s column “No.”, so that number and
 * file agree. Whatever a reader sees or types is a number; whatever the API takes is an index.
 */

/** The number of the frame with this index. */
export const frameNumber = (index: number): number => index + 1;

/** The index of the frame with this number, at least 1. */
export const frameIndex = (number: number): number => number - 1;
