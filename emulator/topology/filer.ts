/** The filer: a simulated kernel on the LAN with the services a guest asks for: DHCP, DNS, HTTP, echo, discard. */
import { mac } from '../base/address.ts';
import type { Disposable } from '../base/disposable.ts';
import { DisposableStore } from '../base/disposable.ts';
import { SimulatedKernel } from '../net/kernel.ts';
import { filerServices, startServices, type FilerServices } from '../services/lab-services.ts';
import type { Lan, Outlet } from './lan.ts';
import type { WorldParts } from './parts.ts';
import { BETA_ADDRESS, FILER_ADDRESS, LAN_PREFIX } from './plan.ts';
import type { LabTopology } from './topology.ts';

export class Filer implements Disposable {
  readonly kernel: SimulatedKernel;
  readonly outlet: Outlet;
  readonly services: FilerServices;
  readonly #store = new DisposableStore();

  constructor(parts: WorldParts, lan: Lan, macs: LabTopology['macs']) {
    this.services = filerServices([{ mac: mac(macs.beta), address: BETA_ADDRESS }]);
    const { clock, ids, ledger } = parts;
    const random = parts.random.fork('filer');
    this.outlet = lan.plug('filer', parts.taps.filer);
    this.kernel = this.#store.add(new SimulatedKernel({ name: 'filer', clock, random, ids, ledger }));
    this.kernel.addInterface({
      name: 'eth0',
      mac: mac(macs.filer),
      address: FILER_ADDRESS,
      prefix: LAN_PREFIX,
      link: this.outlet.link,
    });
    this.#store.add(
      startServices(Object.values(this.services), {
        address: FILER_ADDRESS,
        sockets: this.kernel.sockets,
        clock,
        random,
        addNeighbour: (ip, address) => void this.kernel.addNeighbour(ip, address),
      }),
    );
  }

  dispose(): void {
    this.#store.dispose();
  }
}
