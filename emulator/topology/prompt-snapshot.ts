/**
 * The snapshot every lab can start from: a guest at its first prompt, its cable unplugged. It has no lease and has never made a TCP socket (the kernel draws the
 * secret of its initial sequence numbers at the first one), so what tells one guest from another can still be given: MAC, host name, seed, path.
 */
import { SECOND, type Nanos } from '../base/clock.ts';
import type { ConsoleSessionState } from '../machine/console-session.ts';
import type { ControlChannelState } from '../machine/control-channel.ts';
import type { MachineState } from '../machine/machine.ts';
import type { MachineWorld } from '../machine/world.ts';
import type { GuestMachine } from './guest.ts';

/** From the prompt until the interface is up and nothing runs any more. */
const SETTLE: Nanos = SECOND;

export interface PromptSnapshot {
  readonly version: 1;
  /** Host name and MAC of the guest that was saved. */
  readonly name: string;
  readonly mac: string;
  readonly machine: MachineState;
  readonly session: ConsoleSessionState;
  readonly control: ControlChannelState;
}

/** Of a guest that was switched on with its cable unplugged and has been left alone; waits for its prompt and its agent. Virtual time must pass. */
export async function takePromptSnapshot(
  machines: MachineWorld,
  guest: GuestMachine,
  name: string,
): Promise<PromptSnapshot> {
  await guest.session.prompt();
  const answer = await guest.control.ping();
  if (!answer.ok) throw new Error(`The guest's agent does not answer: ${answer.error}.`);
  await new Promise<void>((resolve) => {
    const timer = machines.clock.timer(() => {
      machines.breathe();
      resolve();
    });
    timer.arm(machines.clock.now() + SETTLE);
  });
  const machine = await guest.machine.save();
  return {
    version: 1,
    name,
    mac: guest.mac,
    // The processor's randomness is to come from the seed of the world that starts from it.
    machine: { ...machine, processor: { ...machine.processor, random: null } },
    session: guest.session.save(),
    control: guest.control.save(),
  };
}

/** What `decodeState` gave, if it is such a snapshot; what is inside is checked where it is restored. */
export function promptSnapshotOf(state: unknown): PromptSnapshot | null {
  const { version, name, mac, machine, session, control } = (state ?? {}) as Partial<
    Record<keyof PromptSnapshot, unknown>
  >;
  const whole =
    version === 1 &&
    typeof name === 'string' &&
    typeof mac === 'string' &&
    [machine, session, control].every((part) => typeof part === 'object' && part !== null);
  return whole ? (state as PromptSnapshot) : null;
}
