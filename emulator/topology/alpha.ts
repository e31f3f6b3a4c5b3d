/**
 * Alpha, the physical host: br0 with eth0 on the LAN, its own TCP/IP on br0, and for each guest what QEMU attaches to its card: SLIRP, whose
 * sockets are alpha's own, or a tap on br0.
 */
import { mac } from '../base/address.ts';
import type { Disposable } from '../base/disposable.ts';
import { DisposableStore } from '../base/disposable.ts';
import type { Link } from '../base/link.ts';
import { Bridge } from '../link/bridge.ts';
import { join } from '../link/join.ts';
import { tapDevice, tapLink } from '../link/tap-link.ts';
import { Tap } from '../link/tap.ts';
import { SimulatedKernel } from '../net/kernel.ts';
import { DEFAULT_CONFIG } from '../slirp/config.ts';
import { Slirp } from '../slirp/slirp.ts';
import { FreeContext } from '../time/context.ts';
import { alphaServices, startServices } from '../services/lab-services.ts';
import type { Lan, Outlet } from './lan.ts';
import type { WorldParts } from './parts.ts';
import { ALPHA_ADDRESS, FILER_ADDRESS, LAN_PREFIX } from './plan.ts';

/** A guest's card, attached. Disposing of it detaches the card and ends what was open through it. */
export interface Netdev extends Disposable {
  readonly slirp: Slirp | null;
}

export class Alpha implements Disposable {
  readonly kernel: SimulatedKernel;
  readonly bridge: Bridge;
  readonly outlet: Outlet;
  readonly #parts: WorldParts;
  readonly #store = new DisposableStore();

  constructor(parts: WorldParts, lan: Lan, macText: string) {
    const { clock, ids, ledger, taps } = parts;
    this.#parts = parts;
    const random = parts.random.fork('alpha');
    this.outlet = lan.plug('alpha', taps.alpha);
    this.bridge = new Bridge(clock);
    this.#store.add(join(this.outlet.link, this.bridge.addPort('eth0')));
    this.kernel = this.#store.add(new SimulatedKernel({ name: 'alpha', clock, random, ids, ledger }));
    this.kernel.addInterface({
      name: 'br0',
      mac: mac(macText),
      address: ALPHA_ADDRESS,
      prefix: LAN_PREFIX,
      link: tapLink(this.bridge.addPort('br0'), taps.slirp, clock),
    });
    this.kernel.setNameservers([FILER_ADDRESS]);
    const host = { address: ALPHA_ADDRESS, sockets: this.kernel.sockets, clock, random };
    this.#store.add(startServices(Object.values(alphaServices()), host));
  }

  /** `-netdev user`: `netdev` is the far end of the card's patch. */
  attachUser(netdev: Link, guest: string): Netdev {
    const { clock, ids, ledger } = this.#parts;
    const slirp = new Slirp({
      config: DEFAULT_CONFIG,
      clock,
      ids,
      ledger,
      random: this.#parts.random.fork(`slirp ${guest}`),
      sockets: this.kernel.sockets,
      mainLoop: new FreeContext('main', clock),
    });
    const joined = join(netdev, slirp.link);
    return {
      slirp,
      dispose: () => {
        joined.dispose();
        slirp.dispose();
      },
    };
  }

  /** `-netdev tap`: a tap device on br0. */
  attachTap(netdev: Link, name: string): Netdev {
    const { clock, ledger, taps } = this.#parts;
    const port = this.bridge.addPort(name);
    const tap = new Tap({
      nic: netdev,
      port: tapDevice(port, taps.tap, clock),
      main: new FreeContext('main', clock),
      ledger,
    });
    return {
      slirp: null,
      dispose: () => {
        tap.dispose();
        this.bridge.removePort(port);
      },
    };
  }

  dispose(): void {
    this.#store.dispose();
  }
}
