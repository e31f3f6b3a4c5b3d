/** 40 MB by TCP between two simulated kernels on a 100 Mbit/s cable, and from there through SLIRP to a guest's kernel; the peer is the loopback of the machine we run on. */
import { createServer, connect as connectReal, type AddressInfo } from 'node:net';
import { ipv4, mac } from '../../../emulator/base/address.ts';
import type { Nanos } from '../../../emulator/base/clock.ts';
import { PacketIds } from '../../../emulator/base/frame.ts';
import { endpoint4, type HostStream, type Made } from '../../../emulator/base/host-sockets.ts';
import { NULL_LEDGER } from '../../../emulator/base/ledger.ts';
import type { Link } from '../../../emulator/base/link.ts';
import { Xoshiro128 } from '../../../emulator/base/random.ts';
import { Cable } from '../../../emulator/link/cable.ts';
import { SimulatedKernel } from '../../../emulator/net/kernel.ts';
import { DEFAULT_CONFIG } from '../../../emulator/slirp/config.ts';
import { Slirp } from '../../../emulator/slirp/slirp.ts';
import { FreeContext } from '../../../emulator/time/context.ts';
import { ManualClock } from '../../../emulator/time/manual-clock.ts';
import { DEFAULT_TOPOLOGY } from '../../../emulator/topology/topology.ts';
import { mbits } from '../figures.ts';
import type { Part } from './part.ts';

const BYTES = 40_000_000;
const CHUNK = 65_536;
const PORT = 5001;
const ALPHA = ipv4('192.168.76.10');
const FILER = ipv4('192.168.76.2');
const GUEST = ipv4('10.0.2.15');
const GATEWAY = ipv4('10.0.2.2');

function must<T>(made: Made<T>): T {
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

interface Lan {
  readonly clock: ManualClock;
  readonly alpha: SimulatedKernel;
  readonly filer: SimulatedKernel;
  kernel(name: string): SimulatedKernel;
  slirp(): Slirp;
}

function lan(): Lan {
  const clock = new ManualClock();
  const ids = new PacketIds();
  const random = new Xoshiro128(1);
  const ledger = NULL_LEDGER;
  const { macs, cable: settings } = DEFAULT_TOPOLOGY;
  const cable = new Cable({ clock, ...settings });
  const kernel = (name: string): SimulatedKernel =>
    new SimulatedKernel({ name, clock, random: random.fork(name), ids, ledger });
  const host = (name: 'alpha' | 'filer', address: typeof ALPHA, link: Link): SimulatedKernel => {
    const made = kernel(name);
    made.addInterface({ name: 'eth0', mac: mac(macs[name]), address, prefix: 24, link });
    return made;
  };
  const alpha = host('alpha', ALPHA, cable.a);
  const filer = host('filer', FILER, cable.b);
  const slirp = (): Slirp =>
    new Slirp({
      config: DEFAULT_CONFIG,
      clock,
      ids,
      ledger,
      random: random.fork('slirp'),
      sockets: alpha.sockets,
      mainLoop: new FreeContext('main', clock),
    });
  return { clock, alpha, filer, kernel, slirp };
}

/** `client` fetches `BYTES` from the filer; answers how long that took in virtual time. */
function fetch({ clock, filer }: Lan, client: SimulatedKernel): Nanos {
  const started = clock.now();
  const source = new Uint8Array(CHUNK).fill(0x5a);
  const listener = must(filer.sockets.listen(endpoint4(FILER, PORT), 1));
  listener.onAccept = (stream) => {
    let left = BYTES;
    const push = (): void => {
      while (left > 0) {
        const n = stream.send(source, 0, Math.min(CHUNK, left));
        if (n === 0) return;
        left -= n;
      }
      stream.close();
    };
    stream.onEvent = push;
    push();
  };
  const stream: HostStream = must(client.sockets.connect(endpoint4(FILER, PORT)));
  const sink = new Uint8Array(CHUNK);
  let got = 0;
  let over = false;
  stream.onEvent = ({ type }) => {
    for (let n = stream.recv(sink, 0, CHUNK); n > 0; n = stream.recv(sink, 0, CHUNK)) got += n;
    if (type === 'ended' || type === 'reset' || type === 'failed') over = true;
  };
  while (!over && clock.runNext());
  if (got !== BYTES) throw new Error(`${got} of ${BYTES} bytes arrived`);
  const took = clock.now() - started;
  stream.dispose();
  listener.dispose();
  return took;
}

/** The same through the kernel of the machine we run on. */
function fetchReal(): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = Buffer.alloc(CHUNK, 0x5a);
    const server = createServer((socket) => {
      let left = BYTES;
      const push = (): void => {
        while (left > 0) {
          const chunk = source.subarray(0, Math.min(CHUNK, left));
          left -= chunk.length;
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket.on('drain', push);
      push();
    });
    server.listen(0, '127.0.0.1', () => {
      let got = 0;
      const client = connectReal((server.address() as AddressInfo).port, '127.0.0.1');
      client.on('data', (data) => (got += data.length));
      client.on('error', reject);
      client.on('close', () => {
        server.close();
        if (got === BYTES) resolve();
        else reject(new Error(`${got} of ${BYTES} bytes arrived`));
      });
    });
  });
}

function part(id: string, what: string, run: () => Nanos): Part {
  let took: Nanos = 0;
  const amount = (BYTES * 8) / 1e6;
  return {
    id,
    what,
    unit: 'Mbit/s',
    amount,
    run: () => {
      took = run();
    },
    peer: { what: 'loopback of this machine (node:net)', amount, run: fetchReal },
    modelled: () => ({ unit: 'Mbit/s', value: mbits(BYTES, took / 1e6) }),
  };
}

export const streamParts = (): Part[] => [
  part('kernels', '40 MB between two simulated kernels', () => {
    const world = lan();
    return fetch(world, world.alpha);
  }),
  part('slirp', '40 MB through SLIRP to a third', () => {
    const world = lan();
    const guest = world.kernel('vm1');
    const { guests } = DEFAULT_TOPOLOGY;
    guest.addInterface({
      name: 'eth0',
      mac: mac(guests[0]!.mac),
      address: GUEST,
      prefix: 24,
      link: world.slirp().link,
    });
    guest.setDefaultGateway(GATEWAY);
    return fetch(world, guest);
  }),
];
