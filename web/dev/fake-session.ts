/**
 * A stand-in for the worker: the same API, a shell that knows six commands, and frames where the real paths would put them.
 * For building and testing the page without a machine (`?fake`, `?fake=dies`, `?fake=corrupt`, `?fake=slow`, `?fake=bulk`). Never in a build.
 */
import { frameNumber } from '../../labs/frame-number.ts';
import type {
  ApiError,
  CommandRecord,
  LabEvent,
  LabInfo,
  LabTopology,
  PacketQuery,
  PathKind,
  Result,
  RunState,
} from '../../worker/api.ts';
import type { LabConnection } from '../connect.ts';
import { evidenceOf, fieldsOf, frameBytes, rowOf, type FakeFrame, type Facts } from './fake-frames.ts';

export type FakeMode = 'plain' | 'dies' | 'corrupt' | 'slow' | 'bulk';

const NAMES = ['vm1.eth0', 'alpha.slirp', 'alpha.tap0', 'alpha.eth0', 'filer.eth0', 'beta.eth0'];
const FILER = '192.168.76.2';
const GATEWAY_MAC = '52:55:0a:00:02:02';
const MS = 1_000_000;
const ok = <T>(value: T): Promise<Result<T>> => Promise.resolve({ ok: true, value });
const no = <T>(code: ApiError['code'], message: string): Promise<Result<T>> =>
  Promise.resolve({ ok: false, error: { code, message } });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const encoder = new TextEncoder();
const decoder = new TextDecoder();

class FakeSession implements LabConnection {
  onEvents: (events: readonly LabEvent[]) => void = () => {};
  onLost: (error: ApiError) => void = () => {};
  onSilent: (silent: boolean) => void = () => {};
  readonly api: LabConnection['api'] = this as never;
  readonly #mode: FakeMode;
  #topology!: LabTopology;
  #state: RunState = 'loading';
  #now = 0;
  #frames: FakeFrame[] = [];
  #commands: CommandRecord[] = [];
  #counters = NAMES.map((name) => ({ name, framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 }));
  #epoch = 0;
  #packet = 0;
  #address: string | null = null;
  #atPrompt = false;
  #line = '';
  #stop = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(mode: FakeMode) {
    this.#mode = mode;
  }

  get #guest(): LabTopology['guests'][number] {
    return this.#topology.guests[0]!;
  }

  async open(topology: LabTopology): Promise<Result<LabInfo>> {
    this.#topology = topology;
    this.#timer = setInterval(() => this.#tick(), 100);
    const sizes = { v86: 2_100_000, bios: 131_072, kernel: 3_340_000, initrd: 2_950_000 };
    for (const [stage, total] of Object.entries(sizes)) {
      for (let part = 1; part <= 4; part++) {
        await wait(this.#mode === 'slow' ? 900 : 40);
        this.#emit({
          type: 'progress',
          stage,
          text: `Loading ${stage}`,
          loaded: (total * part) / 4,
          total,
        });
        if (this.#mode === 'corrupt' && stage === 'kernel')
          return no(
            'image-corrupt',
            'The guest kernel’s SHA-256 differs from the one in the manifest, so it was not started. The download may have been cut or changed; reload the page to fetch it again.',
          );
      }
    }
    await this.#boot();
    if (this.#mode === 'bulk') this.#fill(100_000);
    if (this.#mode === 'dies')
      setTimeout(() => {
        this.dispose();
        this.onLost({
          code: 'machine-failed',
          message:
            'The machine’s worker stopped (out of memory). What ran in the guest is lost; the lesson and your progress are not. Restart the machine to go on.',
        });
      }, 700);
    return { ok: true, value: this.#info() };
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#stop = true;
  }

  pause = (): Promise<Result<null>> => this.#setState('paused');
  resume = (): Promise<Result<null>> => this.#setState('running');

  async restart(topology: LabTopology): Promise<Result<LabInfo>> {
    this.#topology = topology;
    this.#now = 0;
    this.#commands = [];
    await this.clearCapture();
    await this.#boot();
    return { ok: true, value: this.#info() };
  }

  type(_guest: string, bytes: Uint8Array): Promise<Result<null>> {
    for (const char of decoder.decode(bytes)) this.#key(char);
    return ok(null);
  }

  resize = (): Promise<Result<null>> => ok(null);

  async setPath(_guest: string, path: PathKind): Promise<Result<LabInfo>> {
    const exchanged = (path === 'native') !== (this.#guest.path === 'native');
    this.#topology = { ...this.#topology, guests: [{ ...this.#guest, path }] };
    this.#address = null;
    if (exchanged) void this.#boot('running');
    else void this.#plug();
    return { ok: true, value: this.#info() };
  }

  setMac(_guest: string, mac: string): Promise<Result<LabInfo>> {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) return no('bad-mac', `“${mac}” is not a MAC address.`);
    this.#topology = { ...this.#topology, guests: [{ ...this.#guest, mac }] };
    this.#address = null;
    void this.#plug();
    return ok(this.#info());
  }

  packets(query: PacketQuery, from: number, count: number): ReturnType<LabConnection['api']['packets']> {
    const text = query.text.toLowerCase();
    const all = query.iface === null && text === '';
    const indices = all
      ? null
      : this.#frames.flatMap((f, i) => {
          const row = rowOf(f, i);
          const passes =
            (query.iface === null || f.iface === query.iface) &&
            `${row.source} ${row.destination} ${row.protocol} ${row.info}`.toLowerCase().includes(text);
          return passes ? [i] : [];
        });
    const total = indices?.length ?? this.#frames.length;
    const rows = [];
    for (let at = from; at < Math.min(total, from + count); at++) {
      const index = indices ? indices[at]! : at;
      rows.push(rowOf(this.#frames[index]!, index));
    }
    return ok({ rows, total, epoch: this.#epoch });
  }

  packet(index: number): ReturnType<LabConnection['api']['packet']> {
    const frame = this.#frames[index];
    if (!frame) return no('internal', `Frame ${frameNumber(index)} is not held.`);
    return ok({ row: rowOf(frame, index), bytes: frame.bytes, fields: fieldsOf(frame) });
  }

  clearCapture(): Promise<Result<null>> {
    this.#frames = [];
    this.#epoch++;
    return ok(null);
  }

  pcapng = (): Promise<Result<Uint8Array>> => ok(Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a));

  evidence(): ReturnType<LabConnection['api']['evidence']> {
    return ok({
      topology: this.#topology,
      now: this.#now,
      packets: this.#mode === 'bulk' ? [] : this.#frames.map((f, i) => evidenceOf(f, i, NAMES[f.iface]!)),
      commands: this.#commands,
    });
  }

  #info(): LabInfo {
    return {
      topology: this.#topology,
      interfaces: NAMES.map((name, id) => ({ id, name, description: name })),
    };
  }

  #setState(state: RunState): Promise<Result<null>> {
    this.#state = state;
    this.#status();
    return ok(null);
  }

  #emit(...events: LabEvent[]): void {
    this.onEvents(events);
  }

  #print(text: string): void {
    this.#emit({
      type: 'console',
      guest: this.#guest.id,
      bytes: encoder.encode(text.replaceAll('\n', '\r\n')),
    });
  }

  #tick(): void {
    if (this.#state === 'running' || this.#state === 'booting') this.#now += 100 * MS;
    this.#status();
  }

  #status(): void {
    this.#emit({
      type: 'status',
      status: {
        state: this.#state,
        now: this.#now,
        speed: this.#state === 'running' ? 1 : 0,
        guests: [
          {
            id: this.#guest.id,
            path: this.#guest.path,
            mac: this.#guest.path === 'native' ? this.#topology.macs.beta : this.#guest.mac,
            linkUp: true,
            address: this.#address,
            atPrompt: this.#atPrompt,
          },
        ],
        wires: this.#counters.map((c) => ({ ...c })),
        frames: this.#frames.length,
        framesLost: 0,
      },
    });
  }

  /** Like the worker, it calls itself running while one machine is exchanged for another. */
  async #boot(state: RunState = 'booting'): Promise<void> {
    this.#atPrompt = false;
    this.#state = state;
    this.#status();
    const lines = [
      'Linux version 6.1.192 (i386) #1 HZ=100',
      '8139too 0000:00:05.0 eth0: RealTek RTL8139 at 0xe000',
      'eth0: link up, 100Mbps, full-duplex',
    ];
    for (const [i, line] of lines.entries()) {
      this.#emit({
        type: 'progress',
        stage: 'boot',
        text: 'Linux starts',
        loaded: i + 1,
        total: lines.length,
      });
      await wait(120);
      this.#print(`[    ${(this.#now / 1e9).toFixed(6)}] ${line}\n`);
    }
    await this.#plug();
    this.#state = 'running';
    this.#print(`\nTapline guest ${this.#guest.id}. Type help for what is here.\n\n`);
    this.#prompt(null);
  }

  #prompt(exitCode: number | null): void {
    this.#atPrompt = true;
    this.#print('\x1b]133;A\x07~ # \x1b]133;B\x07');
    this.#status();
    this.#emit({ type: 'prompt', guest: this.#guest.id, exitCode });
  }

  /** DHCP as the path answers it. */
  async #plug(): Promise<void> {
    const { path } = this.#guest;
    const card = path === 'native' ? 'beta.eth0' : 'vm1.eth0';
    const given = path === 'nat' ? '10.0.2.15' : path === 'bridge' ? '192.168.76.101' : '192.168.76.20';
    const server = path === 'nat' ? '10.0.2.2' : FILER;
    const serverMac = path === 'nat' ? GATEWAY_MAC : this.#topology.macs.filer;
    const own = path === 'native' ? this.#topology.macs.beta : this.#guest.mac;
    const names = ['Discover', 'Offer', 'Request', 'ACK'];
    for (const [i, name] of names.entries()) {
      await wait(60);
      const toServer = i % 2 === 0;
      const facts: Facts = {
        ethSrc: toServer ? own : serverMac,
        ethDst: toServer ? 'ff:ff:ff:ff:ff:ff' : own,
        kind: 'udp',
        ipSrc: toServer ? '0.0.0.0' : server,
        ipDst: toServer ? '255.255.255.255' : given,
        protocol: 'DHCP',
        info: `DHCP ${name} - Transaction ID 0x5a17c3e1`,
        ports: toServer ? [68, 67] : [67, 68],
        dhcpType: [1, 2, 3, 5][i]!,
        ...(!toServer && { dhcpYiaddr: given }),
        payload: 300,
      };
      const stops = path === 'nat' ? [card] : this.#stops();
      this.#walk(stops, facts, toServer);
    }
    this.#address = given;
    this.#status();
  }

  /** Tap points between guest and filer, outward. */
  #stops(): string[] {
    switch (this.#guest.path) {
      case 'nat':
        return ['vm1.eth0', 'alpha.slirp', 'alpha.eth0', 'filer.eth0'];
      case 'bridge':
        return ['vm1.eth0', 'alpha.tap0', 'alpha.eth0', 'filer.eth0'];
      case 'native':
        return ['beta.eth0', 'filer.eth0'];
    }
  }

  /** One packet past every stop; behind NAT it changes at SLIRP. */
  #walk(stops: readonly string[], facts: Facts, outward: boolean): void {
    const id = ++this.#packet;
    const order = outward ? stops : stops.toReversed();
    for (const name of order) {
      this.#now += 20_000;
      const outside = this.#guest.path === 'nat' && name !== 'vm1.eth0';
      const seen = outside ? this.#translated(facts, outward) : facts;
      const atFiler = name === 'filer.eth0';
      this.#see(name, seen, (outward ? !atFiler : atFiler) ? 'out' : 'in', outside ? id + 1 : id);
    }
    this.#packet++;
  }

  #translated(facts: Facts, outward: boolean): Facts {
    const { alpha, filer } = this.#topology.macs;
    return outward
      ? { ...facts, ethSrc: alpha, ethDst: filer, ipSrc: '192.168.76.10' }
      : { ...facts, ethSrc: filer, ethDst: alpha, ipDst: '192.168.76.10' };
  }

  #see(name: string, facts: Facts, direction: 'in' | 'out', packet: number): void {
    const iface = NAMES.indexOf(name);
    const bytes = frameBytes(facts);
    this.#frames.push({ at: this.#now, iface, direction, packet, bytes, facts });
    const counter = this.#counters[iface]!;
    if (direction === 'in') {
      counter.framesIn++;
      counter.bytesIn += bytes.length;
    } else {
      counter.framesOut++;
      counter.bytesOut += bytes.length;
    }
  }

  #fill(count: number): void {
    const facts: Facts = {
      ethSrc: this.#guest.mac,
      ethDst: GATEWAY_MAC,
      kind: 'tcp',
      ipSrc: '10.0.2.15',
      ipDst: FILER,
      protocol: 'TCP',
      info: '40022 → 80 [ACK] Seq=1 Ack=1 Win=64240 Len=0',
      ports: [40022, 80],
      payload: 0,
    };
    const bytes = frameBytes(facts);
    for (let i = 0; i < count; i++)
      this.#frames.push({ at: this.#now + i * 1000, iface: 0, direction: 'out', packet: i, bytes, facts });
  }

  #key(char: string): void {
    if (char === '\x03') {
      this.#stop = true;
      this.#line = '';
      this.#print('^C\n');
      if (this.#atPrompt) this.#prompt(130);
    } else if (!this.#atPrompt) return;
    else if (char === '\r') {
      this.#print('\n');
      void this.#execute(this.#line.trim());
      this.#line = '';
    } else if (char === '\x7f') {
      if (this.#line !== '') this.#print('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else {
      this.#line += char;
      this.#print(char);
    }
  }

  async #execute(command: string): Promise<void> {
    if (command === '') return this.#prompt(0);
    this.#atPrompt = false;
    this.#stop = false;
    this.#status();
    const startedAt = this.#now;
    let output = '';
    const say = (text: string): void => {
      output += text;
      this.#print(text);
    };
    const exitCode = await this.#program(command, say);
    const record: CommandRecord = {
      guest: this.#guest.id,
      command,
      output,
      exitCode,
      startedAt,
      endedAt: this.#now,
      path: this.#guest.path,
    };
    this.#commands.push(record);
    this.#emit({ type: 'command', record });
    this.#prompt(exitCode);
  }

  async #program(command: string, say: (text: string) => void): Promise<number> {
    const [name, ...rest] = command.split(/\s+/);
    switch (name) {
      case 'ping':
        return this.#ping(Number(/-c (\d+)/.exec(command)?.[1] ?? 1000), say);
      case 'wget':
        await wait(250);
        for (let i = 0; i < 40; i++) this.#walk(this.#stops(), this.#tcp(i), i % 3 !== 0);
        // NAT's takes longest by far: the clock here goes on with the wall's, which may be slow.
        this.#now += (this.#guest.path === 'nat' ? 2_000 : 430) * MS;
        say(
          `Connecting to ${FILER} (${FILER}:80)\nsaving to '/dev/null'\nnull  100% |****| 5120k  0:00:00 ETA\n`,
        );
        return 0;
      case 'ip':
        say(
          `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether ${this.#guest.mac}\n    inet ${this.#address ?? '(none)'}/24 scope global eth0\n`,
        );
        return 0;
      case 'sleep':
        for (let left = Number(rest[0] ?? 1) * 10; left > 0 && !this.#stop; left--) await wait(100);
        return this.#stop ? 130 : 0;
      case 'uname':
        say('Linux vm1 6.1.192 #1 i686 GNU/Linux\n');
        return 0;
      case 'help':
        say('ping wget ip sleep uname help\n');
        return 0;
      default:
        say(`-sh: ${name}: not found\n`);
        return 127;
    }
  }

  #tcp(i: number): Facts {
    const outward = i % 3 !== 0;
    const guest = this.#address ?? '0.0.0.0';
    return {
      ethSrc: outward ? this.#guest.mac : this.#topology.macs.filer,
      ethDst: outward ? this.#topology.macs.filer : this.#guest.mac,
      kind: 'tcp',
      ipSrc: outward ? guest : FILER,
      ipDst: outward ? FILER : guest,
      protocol: 'TCP',
      info: outward
        ? `40022 → 80 [ACK] Seq=1 Ack=${1 + i * 1460} Win=64240 Len=0`
        : '80 → 40022 [ACK] Len=1460',
      ports: outward ? [40022, 80] : [80, 40022],
      payload: outward ? 0 : 1460,
    };
  }

  async #ping(count: number, say: (text: string) => void): Promise<number> {
    say(`PING ${FILER} (${FILER}): 56 data bytes\n`);
    const guest = this.#address ?? '0.0.0.0';
    const own = this.#guest.path === 'native' ? this.#topology.macs.beta : this.#guest.mac;
    const next = this.#guest.path === 'nat' ? GATEWAY_MAC : this.#topology.macs.filer;
    let seq = 0;
    for (; seq < count && !this.#stop; seq++) {
      const request: Facts = {
        ethSrc: own,
        ethDst: next,
        kind: 'icmp',
        ipSrc: guest,
        ipDst: FILER,
        protocol: 'ICMP',
        info: `Echo (ping) request id=0x0051, seq=${seq}, ttl=64`,
        icmpType: 8,
      };
      const reply: Facts = {
        ...request,
        ethSrc: next,
        ethDst: own,
        ipSrc: FILER,
        ipDst: guest,
        info: `Echo (ping) reply id=0x0051, seq=${seq}, ttl=64`,
        icmpType: 0,
      };
      this.#walk(this.#stops(), request, true);
      this.#walk(this.#stops(), reply, false);
      const rtt = { nat: 0.412, bridge: 0.318, native: 0.297 }[this.#guest.path] + seq * 0.003;
      say(`64 bytes from ${FILER}: seq=${seq} ttl=64 time=${rtt.toFixed(3)} ms\n`);
      await wait(60);
      this.#now += 940 * MS;
    }
    say(
      `\n--- ${FILER} ping statistics ---\n${seq} packets transmitted, ${seq} packets received, 0% packet loss\n`,
    );
    return this.#stop ? 130 : 0;
  }
}

export const fakeConnect = (mode: FakeMode): LabConnection => new FakeSession(mode);
