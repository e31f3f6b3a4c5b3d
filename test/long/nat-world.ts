/** The lab's LAN, alpha and filer as they are, with a simulated kernel for a guest behind SLIRP and a bad card between the two. */
import { ipv4, mac } from '../../emulator/base/address.ts';
import { PacketIds } from '../../emulator/base/frame.ts';
import { NULL_LEDGER } from '../../emulator/base/ledger.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import type { TapPoint } from '../../emulator/base/tap-point.ts';
import { Capture } from '../../emulator/capture/capture.ts';
import { FaultLink, type FaultProfile } from '../../emulator/link/faults.ts';
import { SimulatedKernel } from '../../emulator/net/kernel.ts';
import type { Slirp } from '../../emulator/slirp/slirp.ts';
import { VirtualClock } from '../../emulator/time/virtual-clock.ts';
import { Alpha } from '../../emulator/topology/alpha.ts';
import { Filer } from '../../emulator/topology/filer.ts';
import { Lan } from '../../emulator/topology/lan.ts';
import { Patch } from '../../emulator/topology/patch.ts';
import { NAT_GUEST_ADDRESS, TAP_POINTS, type TapKey } from '../../emulator/topology/plan.ts';
import { DEFAULT_GUEST_MAC, DEFAULT_TOPOLOGY } from '../../emulator/topology/topology.ts';

export interface NatWorld {
  readonly clock: VirtualClock;
  readonly guest: SimulatedKernel;
  readonly filer: SimulatedKernel;
  readonly card: FaultLink;
  readonly slirp: Slirp;
}

/** `faults`: what the guest's card does to frames, in both directions. */
export function natWorld(seed: number, faults: Partial<FaultProfile>): NatWorld {
  const clock = new VirtualClock();
  const random = new Xoshiro128(seed);
  const ids = new PacketIds();
  const capture = new Capture({ maxFrames: 1 });
  capture.running = false;
  const taps = Object.fromEntries(
    TAP_POINTS.map(({ key, name, description }) => [key, capture.addInterface(name, description)]),
  ) as Record<TapKey, TapPoint>;
  const parts = { clock, random, ids, ledger: NULL_LEDGER, taps };
  const { cable, macs } = DEFAULT_TOPOLOGY;
  const lan = new Lan(clock, cable);
  const filer = new Filer(parts, lan, macs);
  const alpha = new Alpha(parts, lan, macs.alpha);
  const patch = new Patch();
  const { slirp } = alpha.attachUser(patch.netdev, 'vm1');
  if (slirp === null) throw new Error('no SLIRP behind the patch');
  patch.plugged = true;
  const card = new FaultLink(patch.card, {
    clock,
    random: random.fork('card'),
    transmit: faults,
    receive: faults,
  });
  const guest = new SimulatedKernel({
    name: 'vm1',
    clock,
    random: random.fork('vm1'),
    ids,
    ledger: NULL_LEDGER,
  });
  guest.addInterface({
    name: 'eth0',
    mac: mac(DEFAULT_GUEST_MAC),
    address: NAT_GUEST_ADDRESS,
    prefix: 24,
    link: card,
  });
  guest.setDefaultGateway(ipv4('10.0.2.2'));
  return { clock, guest, filer: filer.kernel, card, slirp };
}

/** Runs events until `done`; throws when nothing is left to happen, or past `limit` ns of virtual time. */
export function runUntil(clock: VirtualClock, done: () => boolean, limit: number): void {
  while (!done()) {
    const next = clock.nextDeadline();
    if (next > limit) throw new Error(`not done by ${Math.min(next, limit) / 1e9} s of virtual time`);
    clock.runDue(next);
  }
}
