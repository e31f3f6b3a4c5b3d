/**
 * The LAN: a switch, and a cable from it to each physical machine. The machine's end of a cable is its card's wire side, watched by a tap point.
 */
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { DisposableStore } from '../base/disposable.ts';
import type { Link } from '../base/link.ts';
import type { TapPoint } from '../base/tap-point.ts';
import { Bridge } from '../link/bridge.ts';
import { Cable } from '../link/cable.ts';
import { join } from '../link/join.ts';
import { tapLink } from '../link/tap-link.ts';
import type { CableTopology } from './topology.ts';

/** A socket in the wall: what a physical card is plugged into. */
export interface Outlet {
  /** The machine's end, watched. */
  readonly link: Link;
  readonly cable: Cable;
}

export class Lan implements Disposable {
  readonly switch: Bridge;
  readonly #clock: Clock;
  readonly #settings: CableTopology;
  readonly #store = new DisposableStore();

  constructor(clock: Clock, settings: CableTopology) {
    this.#clock = clock;
    this.#settings = settings;
    this.switch = new Bridge(clock);
  }

  /** Lays a cable to the machine `name`. */
  plug(name: string, tap: TapPoint): Outlet {
    const cable = this.#store.add(new Cable({ clock: this.#clock, ...this.#settings }));
    this.#store.add(join(cable.b, this.switch.addPort(name)));
    return { link: tapLink(cable.a, tap, this.#clock), cable };
  }

  dispose(): void {
    this.#store.dispose();
  }
}
