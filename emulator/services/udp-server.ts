/** The part every UDP service shares: one bound socket, drained with bounded work per turn. */
import { IPV4_ANY } from '../base/address.ts';
import type { Disposable } from '../base/disposable.ts';
import { endpoint4, type Endpoint, type HostDatagram } from '../base/host-sockets.ts';
import { ServiceError, type ServiceHost } from './service.ts';

/** Datagrams handled before others get their turn. */
const PER_TURN = 64;

/** Opens `port` and hands each datagram (owned by the callee) to `receive`. Throws `ServiceError` when the port is not to be had. */
export class UdpServer implements Disposable {
  readonly #socket: HostDatagram;
  readonly #turn;
  readonly #receive: (from: Endpoint, data: Uint8Array) => void;
  #disposed = false;
  /** Datagrams the host refused to send. */
  sendErrors = 0;

  constructor(
    host: ServiceHost,
    name: string,
    port: number,
    receive: (from: Endpoint, data: Uint8Array) => void,
  ) {
    this.#receive = receive;
    const made = host.sockets.datagram(4, endpoint4(IPV4_ANY, port));
    if (!made.ok) throw new ServiceError(name, port, made.error);
    this.#socket = made.value;
    this.#turn = host.clock.timer(() => {
      this.#drain(host);
    });
    this.#socket.onReadable = () => {
      this.#drain(host);
    };
    // An ICMP error about a reply says that the client is gone; there is nobody to tell.
    this.#socket.onError = () => undefined;
  }

  /** The bytes may be reused at once. */
  send(to: Endpoint, data: Uint8Array): void {
    if (this.#disposed) return;
    if (this.#socket.send(to, data, 0, 0) !== null) this.sendErrors++;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#turn.dispose();
    this.#socket.onReadable = () => undefined;
    this.#socket.dispose();
  }

  #drain(host: ServiceHost): void {
    for (let i = 0; i < PER_TURN && !this.#disposed; i++) {
      const datagram = this.#socket.recv();
      if (!datagram) return;
      this.#receive(datagram.from, datagram.data);
    }
    if (!this.#disposed) this.#turn.arm(host.clock.now());
  }
}
