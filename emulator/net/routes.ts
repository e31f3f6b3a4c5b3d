/** The routing table: longest prefix first, then the smaller metric. Leaves out policy routing and multipath. */
import { prefixMask, type Ipv4Addr } from '../base/address.ts';
import type { NetDevice } from './device.ts';

export interface Route {
  readonly network: Ipv4Addr;
  readonly prefix: number;
  /** `null`: the destination is on the link. */
  readonly gateway: Ipv4Addr | null;
  readonly device: NetDevice;
  readonly metric: number;
}

export class RouteTable {
  #routes: Route[] = [];

  get routes(): readonly Route[] {
    return this.#routes;
  }

  /** Replaces the route to the same network with the same metric. */
  add(route: Route): void {
    this.remove(route.network, route.prefix, route.metric);
    this.#routes.push(route);
    this.#routes.sort((a, b) => b.prefix - a.prefix || a.metric - b.metric);
  }

  remove(network: Ipv4Addr, prefix: number, metric: number): void {
    this.#routes = this.#routes.filter(
      (r) => r.network !== network || r.prefix !== prefix || r.metric !== metric,
    );
  }

  lookup(dst: Ipv4Addr): Route | null {
    for (const r of this.#routes) if (((dst ^ r.network) & prefixMask(r.prefix)) === 0) return r;
    return null;
  }
}
