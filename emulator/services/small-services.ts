/** What the datagram forms of the small services have in common. */

/** echo, discard, daytime, quote of the day, chargen, time: a reply sent to one of these could be answered without end. */
const SELF_ANSWERING: readonly number[] = [7, 9, 13, 17, 19, 37];

/** Whether a datagram from this port must not be answered (0: nobody is there to hear the answer). */
export const answersByItself = (port: number): boolean => port === 0 || SELF_ANSWERING.includes(port);
