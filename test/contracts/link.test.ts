/** The link contract, run on everything that is a Link. */
import { NULL_LEDGER } from '../../emulator/base/ledger.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import type { TapPoint } from '../../emulator/base/tap-point.ts';
import { Bridge } from '../../emulator/link/bridge.ts';
import { Cable } from '../../emulator/link/cable.ts';
import { FaultLink } from '../../emulator/link/faults.ts';
import { join } from '../../emulator/link/join.ts';
import { tapLink } from '../../emulator/link/tap-link.ts';
import { Tap } from '../../emulator/link/tap.ts';
import type { LinkPair } from './link.ts';
import { ProbeLink, linkContract } from './link.ts';
import { FreeContext } from '../../emulator/time/context.ts';
import type { ManualClock } from '../../emulator/time/manual-clock.ts';

const cable = (clock: ManualClock): Cable =>
  new Cable({ clock, bitsPerSecond: 100e6, delayNs: 5_000, queueFrames: 100 });

const silent: TapPoint = {
  iface: { id: 0, name: 'x', description: '' },
  capture: () => undefined,
};

linkContract('a cable', (clock): LinkPair => {
  const it = cable(clock);
  return { near: it.a, far: it.b, dispose: () => it.dispose() };
});

linkContract('a bridge between two ports', (clock): LinkPair => {
  const bridge = new Bridge(clock);
  const near = bridge.addPort('eth0');
  const far = bridge.addPort('tap0');
  return {
    near,
    far,
    dispose: () => {
      bridge.removePort(near);
      bridge.removePort(far);
    },
  };
});

linkContract('two joined cables', (clock): LinkPair => {
  const first = cable(clock);
  const second = cable(clock);
  const joint = join(first.b, second.a);
  return {
    near: first.a,
    far: second.b,
    dispose: () => {
      joint.dispose();
      first.dispose();
      second.dispose();
    },
  };
});

linkContract('a cable with a capture point', (clock): LinkPair => {
  const it = cable(clock);
  const near = tapLink(it.a, silent, clock);
  return {
    near,
    far: it.b,
    dispose: () => {
      near.dispose();
      it.dispose();
    },
  };
});

linkContract('a cable with delays but no losses', (clock): LinkPair => {
  const it = cable(clock);
  const near = new FaultLink(it.a, {
    clock,
    random: new Xoshiro128(1),
    transmit: { delayNs: 300_000, jitterNs: 200_000 },
    receive: { delayNs: 100_000 },
  });
  return {
    near,
    far: it.b,
    dispose: () => {
      near.dispose();
      it.dispose();
    },
  };
});

/** A card as the tap sees it, turned round so that the test sits in the guest. */
class Card extends ProbeLink {
  readonly guest: LinkPair['near'] = {
    transmit: (frame) => this.emit(frame),
    ready: () => true,
    onReady: () => undefined,
    onReceive: () => undefined,
  };

  override transmit: ProbeLink['transmit'] = (frame) => this.guest.onReceive(frame);
}

const tap = (clock: ManualClock): LinkPair => {
  const card = new Card();
  const bridge = new Bridge(clock);
  const lan = bridge.addPort('eth0');
  const device = new Tap({
    nic: card,
    port: bridge.addPort('tap0'),
    main: new FreeContext('main', clock),
    ledger: NULL_LEDGER,
  });
  return {
    near: card.guest,
    far: lan,
    dispose: () => device.dispose(),
  };
};

linkContract('a tap from the guest to the LAN', tap);
linkContract('a tap from the LAN to the guest', (clock): LinkPair => {
  const { near, far, dispose } = tap(clock);
  return { near: far, far: near, dispose };
});
