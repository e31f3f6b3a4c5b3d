/** What every part of the NAT gets: the way to the guest, the way to the host, time, limits and books. */
import type { Clock } from '../base/clock.ts';
import type { PacketId, PacketIds } from '../base/frame.ts';
import type { Fate, Ledger } from '../base/ledger.ts';
import type { HostSockets } from '../base/host-sockets.ts';
import type { SlirpConfig } from './config.ts';
import type { Counters } from './counters.ts';
import type { Flow, Worker } from './flow-table.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import type { IpOutput } from './ip-output.ts';
import type { OutputQueue } from './output-queue.ts';
import type { SocketBudget } from './socket-budget.ts';

export interface SlirpCore {
  readonly config: SlirpConfig;
  readonly clock: Clock;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  readonly sockets: HostSockets;
  readonly counters: Counters;
  readonly output: IpOutput;
  readonly queue: OutputQueue;
  readonly errors: IcmpErrors;
  readonly budget: SocketBudget;
  /** The guest's frame that is being handled; 0 in the main loop. */
  handling(): PacketId;
  /** A flow id that was never used. */
  nextFlowId(): number;
  /** From now on until `forget` the flow can be found by its id. */
  register(flow: Flow): void;
  /** Disposes of the flow as well. */
  forget(flow: Flow): void;
  /** Has `work` run by the main loop; idempotent until it has. */
  wake(worker: Worker): void;
  /** The flow has segments for the guest: the output queue asks it in its turn. */
  wantsOutput(flow: Flow): void;
}

/** What became of a packet; every input function answers with it. */
export function dropped(counters: Counters, name: string): Fate {
  counters.add(name);
  return 'dropped';
}
