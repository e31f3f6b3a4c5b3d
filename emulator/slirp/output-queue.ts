/**
 * Packets on their way to the guest: one chain for each flow, served in turn, so that a bulk transfer delays another flow by
 * at most one packet per flow. A chain holds finished packets; behind them a TCP flow may be asked for its next segment, which is then made
 * straight in the outgoing frame (`pull`). Chains name flows by id, so a flow that is gone leaves nothing that could be followed.
 * Leaves out slirp's two classes ("fast" and "batch"): taking turns gives the interactive flow the same place.
 */
import type { Ipv4Addr } from '../base/address.ts';
import type { PacketId } from '../base/frame.ts';
import type { Counters } from './counters.ts';

/** A frame with room for its Ethernet header; the header is complete when `nextHop` is null. Owned by the queue. */
export interface QueuedPacket {
  readonly bytes: Uint8Array;
  readonly id: PacketId;
  /** Whose MAC address is still to be found. */
  readonly nextHop: Ipv4Addr | null;
}

export interface OutputQueueState {
  readonly chains: readonly { readonly flow: number; readonly packets: readonly QueuedPacket[] }[];
}

/** The chain of what belongs to no flow: ARP, DHCP, ICMP, resets. */
export const NO_FLOW = 0;

class Chain {
  readonly flow: number;
  readonly packets: QueuedPacket[] = [];
  pull = false;

  constructor(flow: number) {
    this.flow = flow;
  }
}

export interface Taken {
  readonly flow: number;
  /** null: the flow itself has something to send. */
  readonly packet: QueuedPacket | null;
}

export class OutputQueue {
  readonly #limit: number;
  readonly #counters: Counters;
  /** In the order of their turns: the first entry is next. */
  readonly #chains = new Map<number, Chain>();

  /** `limit`: packets per chain. */
  constructor(limit: number, counters: Counters) {
    this.#limit = limit;
    this.#counters = counters;
  }

  get empty(): boolean {
    return this.#chains.size === 0;
  }

  /** Packets waiting in a flow's chain. */
  waiting(flow: number): number {
    return this.#chains.get(flow)?.packets.length ?? 0;
  }

  hasRoom(flow: number): boolean {
    return this.waiting(flow) < this.#limit;
  }

  /** Takes the packet over; a full chain drops it and counts. */
  push(flow: number, packet: QueuedPacket): boolean {
    const chain = this.#chain(flow);
    if (chain.packets.length >= this.#limit) {
      this.#counters.add('output-queue-full');
      return false;
    }
    chain.packets.push(packet);
    return true;
  }

  /** The flow wants to be asked for segments. */
  wants(flow: number): void {
    this.#chain(flow).pull = true;
  }

  /** Whose turn it is; null: nothing waits. A flow that was asked says `wants` again if it has more. */
  take(): Taken | null {
    for (const chain of this.#chains.values()) {
      const packet = chain.packets.shift() ?? null;
      this.#chains.delete(chain.flow);
      if (packet === null) return { flow: chain.flow, packet };
      if (chain.packets.length > 0 || chain.pull) this.#chains.set(chain.flow, chain);
      return { flow: chain.flow, packet };
    }
    return null;
  }

  /** Forgets the flow; what it had finished still goes out. */
  forget(flow: number): void {
    const chain = this.#chains.get(flow);
    if (chain === undefined) return;
    chain.pull = false;
    if (chain.packets.length === 0) this.#chains.delete(flow);
  }

  save(): OutputQueueState {
    const chains = [...this.#chains.values()].filter((c) => c.packets.length > 0);
    return {
      chains: chains.map((c) => ({
        flow: c.flow,
        packets: c.packets.map((p) => ({ ...p, bytes: p.bytes.slice() })),
      })),
    };
  }

  restore(state: OutputQueueState): void {
    this.#chains.clear();
    for (const { flow, packets } of state.chains)
      for (const p of packets) this.#chain(flow).packets.push({ ...p, bytes: p.bytes.slice() });
  }

  #chain(flow: number): Chain {
    let chain = this.#chains.get(flow);
    if (chain === undefined) {
      chain = new Chain(flow);
      this.#chains.set(flow, chain);
    }
    return chain;
  }
}
