/** Which services the lab's machines run. DNS learns the names of guests from the leases DHCP gives. */
import { DisposableStore, type Disposable } from '../base/disposable.ts';
import type { Reservation } from './dhcp/leases.ts';
import { DhcpServer } from './dhcp/server.ts';
import { DiscardServer } from './discard/server.ts';
import { DnsServer } from './dns/server.ts';
import { EchoServer } from './echo/server.ts';
import { HttpServer } from './http/server.ts';
import type { Service, ServiceHost } from './service.ts';

export interface FilerServices {
  readonly dhcp: DhcpServer;
  readonly dns: DnsServer;
  readonly http: HttpServer;
  readonly echo: EchoServer;
  readonly discard: DiscardServer;
}

/** The filer's small services, not started. `reservations`: cards that always get the same address. */
export function filerServices(reservations: readonly Reservation[] = []): FilerServices {
  const dhcp = new DhcpServer({ reservations });
  return {
    dhcp,
    dns: new DnsServer({}, dhcp),
    http: new HttpServer(),
    echo: new EchoServer(),
    discard: new DiscardServer(),
  };
}

export interface AlphaServices {
  readonly http: HttpServer;
  readonly echo: EchoServer;
  readonly discard: DiscardServer;
}

/** What alpha itself answers (a guest behind the NAT reaches it as its gateway), not started. */
export const alphaServices = (): AlphaServices => ({
  http: new HttpServer(),
  echo: new EchoServer(),
  discard: new DiscardServer(),
});

/** Starts all of `services` on one host; when one cannot start, those before it are stopped again and the error goes on. */
export function startServices(services: Iterable<Service>, host: ServiceHost): Disposable {
  const running = new DisposableStore();
  try {
    for (const service of services) running.add(service.start(host));
  } catch (error) {
    running.dispose();
    throw error;
  }
  return running;
}
