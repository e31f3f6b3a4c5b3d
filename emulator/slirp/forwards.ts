/**
 * Ports of the host that lead into the guest (QEMU's `hostfwd`), added and removed while the NAT runs. TCP: a listener whose connections are opened
 * again toward the guest. UDP: a socket that is the guest endpoint's flow. Guest forwards (`guestfwd`) are left out.
 */
import {
  endpoint4,
  type HostDatagram,
  type HostListener,
  type HostStream,
  type SocketError,
} from '../base/host-sockets.ts';
import type { HostForward } from './config.ts';
import type { SlirpCore } from './core.ts';
import type { Worker } from './flow-table.ts';
import type { TcpNat } from './tcp.ts';
import type { UdpFlow } from './udp-flow.ts';
import type { UdpNat } from './udp.ts';

/** Connections not yet accepted that the host may hold. */
const BACKLOG = 16;

class Listening implements Worker {
  readonly forward: HostForward;
  readonly #core: SlirpCore;
  readonly #tcp: TcpNat;
  readonly #listener: HostListener;
  readonly #accepted: HostStream[] = [];

  constructor(core: SlirpCore, tcp: TcpNat, forward: HostForward, listener: HostListener) {
    this.forward = forward;
    this.#core = core;
    this.#tcp = tcp;
    this.#listener = listener;
    listener.onAccept = (stream) => {
      if (this.#accepted.length >= core.config.limits.acceptQueue) {
        core.counters.add('accept-queue-full');
        return stream.abort();
      }
      this.#accepted.push(stream);
      core.wake(this);
    };
  }

  work(): void {
    const { ledger } = this.#core;
    for (const stream of this.#accepted.splice(0)) {
      if (ledger.enabled) {
        ledger.enter('s.acc', 0);
        ledger.count('syscalls', 3);
      }
      this.#tcp.accept(stream, this.forward);
      if (ledger.enabled) ledger.leave('born');
    }
  }

  dispose(): void {
    this.#listener.onAccept = (stream) => stream.abort();
    this.#listener.dispose();
    for (const stream of this.#accepted.splice(0)) stream.abort();
  }
}

interface Entry {
  readonly forward: HostForward;
  readonly listening: Listening | null;
  readonly flow: UdpFlow | null;
}

const same = (a: HostForward, b: HostForward): boolean =>
  a.protocol === b.protocol && a.hostAddr === b.hostAddr && a.hostPort === b.hostPort;

export class Forwards {
  readonly #core: SlirpCore;
  readonly #tcp: TcpNat;
  readonly #udp: UdpNat;
  #entries: Entry[] = [];

  constructor(core: SlirpCore, tcp: TcpNat, udp: UdpNat) {
    this.#core = core;
    this.#tcp = tcp;
    this.#udp = udp;
  }

  list(): readonly HostForward[] {
    return this.#entries.map((e) => e.forward);
  }

  /** Opens the host's port; null: done, else why not (a taken port: `EADDRINUSE`). */
  add(forward: HostForward): SocketError | null {
    const { sockets } = this.#core;
    if (this.#entries.some((e) => same(e.forward, forward))) return 'EADDRINUSE';
    const at = endpoint4(forward.hostAddr, forward.hostPort);
    if (forward.protocol === 'tcp') {
      if (!sockets.caps.listen) return 'EOPNOTSUPP';
      const made = sockets.listen(at, BACKLOG);
      if (!made.ok) return made.error;
      const listening = new Listening(this.#core, this.#tcp, forward, made.value);
      this.#entries.push({ forward, listening, flow: null });
      return null;
    }
    const made = sockets.datagram(4, at);
    return made.ok ? this.#adopt(forward, made.value) : made.error;
  }

  /** Closes the port; connections that came through it stay. False: there is no such forward. */
  remove(forward: HostForward): boolean {
    const entry = this.#entries.find((e) => same(e.forward, forward));
    if (entry === undefined) return false;
    this.#entries = this.#entries.filter((e) => e !== entry);
    this.#close(entry);
    return true;
  }

  dispose(): void {
    for (const entry of this.#entries) this.#close(entry);
    this.#entries = [];
  }

  #adopt(forward: HostForward, socket: HostDatagram): SocketError | null {
    const flow = this.#udp.adopt(forward.guestAddr, forward.guestPort, socket);
    if (flow === null) {
      socket.dispose();
      return 'EADDRINUSE';
    }
    this.#entries.push({ forward, listening: null, flow });
    return null;
  }

  #close(entry: Entry): void {
    entry.listening?.dispose();
    if (entry.flow !== null) this.#udp.end(entry.flow);
  }
}
