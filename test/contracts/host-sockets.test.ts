/** The host-sockets contract on the simulated kernel. */
import { ipv4, mac } from '../../emulator/base/address.ts';
import { endpoint4, type IpAddr } from '../../emulator/base/host-sockets.ts';
import type { Ledger } from '../../emulator/base/ledger.ts';
import { ALPHA, FILER, twoHosts } from '../../emulator/net/testing/two-hosts.ts';
import { hostSocketsContract, type HostSocketsFixture } from './host-sockets.ts';

/** Adds up the bytes copied into send buffers (stage h.s2) by everybody. */
class SendLedger implements Ledger {
  readonly enabled = true;
  copied = 0;
  readonly #stages: string[] = [];

  enter(stage: string): void {
    this.#stages.push(stage);
  }
  leave(): void {
    if (this.#stages.pop() === undefined) throw new Error('left a stage that was not entered');
  }
  count(kind: string, amount: number): void {
    if (kind === 'copiedBytes' && this.#stages.at(-1) === 'h.s2') this.copied += amount;
  }
  carries(): void {
    // Ranges are not looked at here.
  }
}

const v4 = (a: typeof ALPHA): IpAddr => ({ family: 4, v4: a });

async function make(): Promise<HostSocketsFixture> {
  const ledger = new SendLedger();
  const w = twoHosts({ ledger, delay: 50_000 });
  const silent = ipv4('192.168.76.99');
  w.a.addNeighbour(silent, mac('02:00:00:00:00:99'), true);
  return {
    sockets: w.a.sockets,
    address: v4(ALPHA),
    peer: w.b.sockets,
    peerAddress: v4(FILER),
    unreachable: endpoint4(ipv4('192.168.76.77'), 80),
    silent: endpoint4(silent, 80),
    sentBytes: () => ledger.copied,
    run: async (done) => w.clock.run(done),
    settle: async () => void w.clock.advance(50e6),
    leftovers: () => {
      const { tcp, udp } = w.a.ports();
      return [
        ...tcp.map((p) => `tcp port ${p}`),
        ...udp.map((p) => `udp port ${p}`),
        ...w.a.connections().map((c) => `connection ${c.state}`),
      ];
    },
    dispose: () => {
      w.a.dispose();
      w.b.dispose();
      if (w.clock.run(() => w.clock.leftover === 0, w.clock.now() + 1e9)) return;
      throw new Error(`${w.clock.leftover} timers are left`);
    },
  };
}

hostSocketsContract('simulated kernel', make);
