/** Two kernels on one wire: `a` 192.168.76.10 and `b` 192.168.76.2, and small helpers to use their sockets. For tests. */
import { ipv4, mac } from '../../base/address.ts';
import { PacketIds } from '../../base/frame.ts';
import type { HostStream, StreamEvent } from '../../base/host-sockets.ts';
import { NULL_LEDGER, type Ledger } from '../../base/ledger.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { SimulatedKernel } from '../kernel.ts';
import { wire, type SeenFrame, type WireSettings } from './wire.ts';

export const ALPHA = ipv4('192.168.76.10');
export const FILER = ipv4('192.168.76.2');
export const ALPHA_MAC = mac('00:14:22:0a:00:10');
export const FILER_MAC = mac('00:25:90:0a:00:02');

export interface TwoHosts {
  readonly clock: ManualClock;
  readonly a: SimulatedKernel;
  readonly b: SimulatedKernel;
  readonly frames: SeenFrame[];
}

export function twoHosts(settings: WireSettings & { seed?: number; ledger?: Ledger } = {}): TwoHosts {
  const clock = new ManualClock();
  const ids = new PacketIds();
  const random = new Xoshiro128(settings.seed ?? 1);
  const { ends, frames } = wire(clock, settings);
  const host = (name: string): SimulatedKernel =>
    new SimulatedKernel({
      name,
      clock,
      random: random.fork(name),
      ids,
      ledger: settings.ledger ?? NULL_LEDGER,
    });
  const a = host('alpha');
  const b = host('filer');
  a.addInterface({ name: 'eth0', mac: ALPHA_MAC, address: ALPHA, prefix: 24, link: ends[0] });
  b.addInterface({ name: 'eth0', mac: FILER_MAC, address: FILER, prefix: 24, link: ends[1] });
  return { clock, a, b, frames };
}

/** Collects the events of a stream as they come. */
export function watch(stream: HostStream): StreamEvent[] {
  const events: StreamEvent[] = [];
  stream.onEvent = (e) => events.push(e);
  return events;
}

export const types = (events: readonly StreamEvent[]): string[] => events.map((e) => e.type);

/** Sends back whatever arrives, ends when the peer ends. */
export function echo(stream: HostStream): void {
  const buffer = new Uint8Array(65536);
  let held = 0;
  let from = 0;
  const pump = (): void => {
    for (;;) {
      if (from < held) from += stream.send(buffer, from, held - from);
      if (from < held) return;
      from = 0;
      held = stream.recv(buffer, 0, buffer.length);
      if (held === 0) break;
    }
    if (stream.phase === 'ended') stream.shutdownSend();
  };
  stream.onEvent = (e) => {
    if (e.type === 'readable' || e.type === 'writable' || e.type === 'ended') pump();
    if (e.type === 'closed') held = 0;
  };
}
