/** A network interface of a simulated kernel: address, MTU, and a bounded queue in front of its link. */
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { frameOf, type Frame, type PacketId } from '../base/frame.ts';
import { linkCounters, type Link, type LinkCounters } from '../base/link.ts';
import { ETHERNET_MIN } from '../wire/ethernet.ts';
import type { NetDrops } from './counters.ts';

/** Linux's default txqueuelen of an Ethernet card. */
const TX_QUEUE = 1000;

export interface InterfaceOptions {
  readonly name: string;
  readonly mac: MacAddr;
  readonly address: Ipv4Addr;
  /** Network bits, e.g. 24. */
  readonly prefix: number;
  readonly link: Link;
  /** Default 1500. */
  readonly mtu?: number;
}

export class NetDevice {
  readonly name: string;
  readonly mac: MacAddr;
  address: Ipv4Addr;
  prefix: number;
  readonly mtu: number;
  readonly counters: LinkCounters = linkCounters();
  /** The queue has drained and the link takes frames again. */
  onReady: () => void = () => undefined;
  readonly #link: Link;
  readonly #drops: NetDrops;
  #queue: Frame[] = [];
  /** Inside `link.transmit`: a frame that arrives now must wait (a link without delay answers at once). */
  #transmitting = false;

  constructor(options: InterfaceOptions, drops: NetDrops, receive: (frame: Frame) => void) {
    this.name = options.name;
    this.mac = options.mac;
    this.address = options.address;
    this.prefix = options.prefix;
    this.mtu = options.mtu ?? 1500;
    this.#link = options.link;
    this.#drops = drops;
    this.#link.onReceive = (frame) => {
      this.counters.rxPackets++;
      this.counters.rxBytes += frame.bytes.length;
      receive(frame);
    };
    this.#link.onReady = () => this.#drain();
  }

  get transmitting(): boolean {
    return this.#transmitting;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Whether a frame would leave now rather than wait. */
  ready(): boolean {
    return this.#queue.length === 0 && this.#link.ready();
  }

  /**
   * Sends the frame `buffer[0..length)`, padded with zeros to the Ethernet minimum (which needs room in `buffer`). Copied
   * when it has to wait; false: dropped.
   */
  transmit(buffer: Uint8Array, length: number, id: PacketId): boolean {
    let end = length;
    while (end < ETHERNET_MIN) buffer[end++] = 0;
    const bytes = buffer.subarray(0, end);
    if (this.ready()) {
      this.#send(frameOf(bytes, id));
      return true;
    }
    if (this.#queue.length >= TX_QUEUE) {
      this.counters.txDropped++;
      this.#drops.txQueueFull++;
      return false;
    }
    this.#queue.push(frameOf(bytes.slice(), id));
    return true;
  }

  dispose(): void {
    this.#queue = [];
    this.#link.onReceive = () => undefined;
    this.#link.onReady = () => undefined;
  }

  #send(frame: Frame): void {
    this.counters.txPackets++;
    this.counters.txBytes += frame.bytes.length;
    this.#transmitting = true;
    try {
      this.#link.transmit(frame);
    } finally {
      this.#transmitting = false;
    }
  }

  #drain(): void {
    let sent = 0;
    while (sent < this.#queue.length && this.#link.ready()) this.#send(this.#queue[sent++]!);
    if (sent > 0) this.#queue.splice(0, sent);
    if (this.ready()) this.onReady();
  }
}
