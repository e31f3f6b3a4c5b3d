/**
 * What a service of a simulated (or real) machine is: something that starts on a host's sockets and can be stopped.
 *
 * A service object is made with its configuration and started once on one host. It holds what outlives a connection (leases,
 * uploads, reports, counters) and gives it by `save()`. Open connections are not part of that: the streams belong to the kernel,
 * and a connection that does not survive a snapshot is closed by its peer's next segment or by the idle timeout.
 */
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { HostSockets, SocketError } from '../base/host-sockets.ts';
import type { Random } from '../base/random.ts';

/** The machine a service runs on, as far as a service may see it. */
export interface ServiceHost {
  /** Address of the interface that faces the clients. */
  readonly address: Ipv4Addr;
  readonly sockets: HostSockets;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Puts an entry in the neighbour table, so that a datagram can reach a client that has no address yet and cannot answer ARP
   * (what Linux servers do with the ioctl SIOCSARP). Absent: not possible here.
   */
  addNeighbour?(ip: Ipv4Addr, mac: MacAddr): void;
}

export interface Service {
  /** Short, as in a list of services: `dhcp`, `dns`, `http`, `echo`, `discard`. */
  readonly name: string;
  /** Opens the ports. Throws `ServiceError` when one cannot be had: the configuration of the machine is wrong. */
  start(host: ServiceHost): Disposable;
}

/** A port could not be opened. */
export class ServiceError extends Error {
  readonly code: SocketError;

  constructor(service: string, port: number, code: SocketError) {
    super(`${service}: port ${port}: ${code}`);
    this.name = 'ServiceError';
    this.code = code;
  }
}
