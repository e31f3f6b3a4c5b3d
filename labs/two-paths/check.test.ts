import { describe, expect, it } from 'vitest';
import type { CommandRecord, Evidence, EvidencePacket, PathKind } from '../../worker/api.ts';
import * as check from './check.ts';
import { twoPaths } from './lab.ts';
import { solution } from './solution.ts';
import { pathTimings, slowestDownload, timingTable } from './timing.ts';

const ALPHA = '00:14:22:0a:00:10';
const FILER_MAC = '00:25:90:0a:00:02';
const QEMU = '52:54:00:12:34:56';
const VMWARE = '00:0c:29:12:34:56';

/** Builds evidence the way the machine would: packets and commands on one clock. */
class Story {
  readonly packets: EvidencePacket[] = [];
  readonly commands: CommandRecord[] = [];
  path: PathKind = 'nat';
  mac = QEMU;
  now = 0;

  frame(iface: string, facts: Partial<EvidencePacket>): this {
    this.packets.push({
      index: this.packets.length,
      at: (this.now += 1000),
      iface,
      direction: 'in',
      packet: this.packets.length + 1,
      ethSrc: FILER_MAC,
      ethDst: this.mac,
      kind: 'icmp',
      ipSrc: '192.168.76.2',
      ipDst: '10.0.2.15',
      srcPort: null,
      dstPort: null,
      icmpType: -1,
      dhcpType: -1,
      dhcpYiaddr: null,
      tcpFlags: 0,
      info: '',
      ...facts,
    });
    return this;
  }

  lease(yiaddr: string): this {
    return this.frame('vm1.eth0', { kind: 'udp', dhcpType: 5, dhcpYiaddr: yiaddr });
  }

  /** A ping with its echo at the guest's card and at the filer, as the path shows them. */
  ping(count = 3, { exitCode = 0, replies = true } = {}): this {
    const startedAt = (this.now += 1000);
    const guestIp = this.path === 'nat' ? '10.0.2.15' : '192.168.76.101';
    const outside =
      this.path === 'nat' ? { ethSrc: ALPHA, ipSrc: '192.168.76.10' } : { ethSrc: this.mac, ipSrc: guestIp };
    this.frame('vm1.eth0', { direction: 'out', ethSrc: this.mac, ipSrc: guestIp, icmpType: 8 });
    this.frame('filer.eth0', { ...outside, icmpType: 8 });
    if (replies) this.frame('vm1.eth0', { icmpType: 0 });
    const output = Array.from(
      { length: count },
      (_, i) => `seq=${i} ttl=64 time=${((i + 1) / 10).toFixed(3)} ms`,
    ).join('\n');
    return this.command(`ping -c ${count} 192.168.76.2`, startedAt, exitCode, output);
  }

  download(seconds: number): this {
    const startedAt = this.now;
    this.now += seconds * 1e9;
    return this.command('wget -O /dev/null http://192.168.76.2/5M.bin', startedAt, 0, '');
  }

  command(command: string, startedAt: number, exitCode: number, output: string): this {
    this.now += 1000;
    this.commands.push({
      guest: 'vm1',
      command,
      output,
      exitCode,
      startedAt,
      endedAt: this.now,
      path: this.path,
    });
    return this;
  }

  on(path: PathKind, mac = this.mac): this {
    this.path = path;
    this.mac = mac;
    return this;
  }

  get evidence(): Evidence {
    const guest = { ...twoPaths.topology.guests[0]!, path: this.path, mac: this.mac };
    return {
      topology: { ...twoPaths.topology, guests: [guest] },
      now: this.now,
      packets: this.packets,
      commands: this.commands,
    };
  }
}

const natPing = (): Story => new Story().lease('10.0.2.15').ping();
const bridgePing = (): Story => natPing().on('bridge').lease('192.168.76.101').ping();

describe('the checks of two paths', () => {
  it('all wait on an empty lab', () => {
    const { evidence } = new Story();
    for (const step of twoPaths.steps) expect(step.check(evidence, {}).status, step.id).toBe('waiting');
  });

  describe('behind NAT', () => {
    it('wants lease and ping, and points at the reply', () => {
      expect(check.behindNat(new Story().lease('10.0.2.15').evidence).status).toBe('waiting');
      const { evidence } = natPing();
      const result = check.behindNat(evidence);
      expect(result).toMatchObject({ status: 'pass', packetIndex: 3 });
      expect(evidence.packets[3]!.icmpType).toBe(0);
    });

    it('says which lease it saw when it is another', () => {
      const result = check.behindNat(new Story().on('bridge').lease('192.168.76.101').evidence);
      expect(result.status).toBe('fail');
      expect(result.sentence).toContain('10.0.2.15');
      expect(result.sentence).toContain('192.168.76.101');
    });

    it('fails an unanswered ping with its exit code', () => {
      const story = new Story().lease('10.0.2.15').ping(3, { exitCode: 1, replies: false });
      const result = check.behindNat(story.evidence);
      expect(result.status).toBe('fail');
      expect(result.sentence).toContain('exit code 1');
      expect(result.sentence).toContain('0 replies');
    });

    it('takes a later ping that was answered', () => {
      const story = new Story().lease('10.0.2.15').ping(3, { exitCode: 1, replies: false }).ping();
      expect(check.behindNat(story.evidence).status).toBe('pass');
    });

    it('does not take a ping on the bridge', () => {
      const result = check.behindNat(new Story().lease('10.0.2.15').on('bridge').ping().evidence);
      expect(result).toMatchObject({
        status: 'waiting',
        sentence: expect.stringContaining('Bridge') as string,
      });
    });
  });

  describe('what the filer sees', () => {
    const answered = (answer: string, story = natPing()) =>
      check.filerSeesAlpha(story.evidence, { filer: answer });

    it('passes alpha’s MAC, typed in any form', () => {
      for (const answer of [ALPHA, ALPHA.toUpperCase(), ALPHA.replaceAll(':', '-'), ` ${ALPHA} `])
        expect(answered(answer), answer).toMatchObject({ status: 'pass', packetIndex: 2 });
    });

    it('passes the frame that shows it', () => {
      expect(answered('#3').status).toBe('pass');
    });

    it('says why another frame is not it', () => {
      expect(answered('#2').sentence).toContain('frame 2 was seen at vm1.eth0');
      expect(answered('#99').sentence).toContain('not in the capture');
    });

    it('knows no frame 0, and names frames by their number', () => {
      expect(answered('#0').sentence).toContain('not in the capture');
      const result = answered(ALPHA);
      expect(result).toMatchObject({
        packetIndex: 2,
        sentence: expect.stringContaining('frame 3') as string,
      });
    });

    it('explains the guest’s own address as an answer', () => {
      const result = answered(QEMU);
      expect(result.status).toBe('fail');
      expect(result.sentence).toContain('guest’s card');
    });

    it('waits for an answer and refuses nonsense', () => {
      expect(answered('').status).toBe('waiting');
      expect(answered('alpha').sentence).toContain('neither a MAC address');
    });

    it('fails when something of the guest reached the filer, naming the frame', () => {
      const story = new Story().lease('10.0.2.15');
      const startedAt = story.now;
      story
        .frame('vm1.eth0', { direction: 'out', ethSrc: QEMU, icmpType: 8 })
        .frame('filer.eth0', { ethSrc: QEMU, ipSrc: '10.0.2.15', icmpType: 8 })
        .frame('vm1.eth0', { icmpType: 0 })
        .command('ping -c 3 192.168.76.2', startedAt, 0, '');
      expect(answered(ALPHA, story)).toMatchObject({ status: 'fail', packetIndex: 2 });
    });

    it('stays passed once the guest is on the bridge', () => {
      expect(answered(ALPHA, bridgePing()).status).toBe('pass');
    });
  });

  describe('on the bridge', () => {
    it('wants a lease of the LAN and an answered ping', () => {
      expect(check.onBridge(natPing().evidence).status).toBe('waiting');
      expect(check.onBridge(natPing().on('bridge').ping().evidence).status).toBe('fail');
      expect(check.onBridge(bridgePing().evidence).status).toBe('pass');
    });
  });

  describe('a name in the address', () => {
    it('takes any usual name of the platform', () => {
      for (const platform of ['QEMU', 'kvm', 'QEMU/KVM'])
        expect(check.platformNamed(bridgePing().evidence, { platform }).status).toBe('pass');
    });

    it('fails another platform without giving the name away', () => {
      const result = check.platformNamed(bridgePing().evidence, { platform: 'VMware' });
      expect(result.status).toBe('fail');
      expect(result.sentence).not.toContain('QEMU');
    });

    it('waits until the filer has seen the address', () => {
      expect(check.platformNamed(natPing().evidence, { platform: 'QEMU' }).status).toBe('waiting');
    });
  });

  describe('another address', () => {
    it('passes once the filer has seen it, and says what the table makes of it', () => {
      const result = check.addressSpoofed(bridgePing().on('bridge', VMWARE).ping().evidence);
      expect(result.status).toBe('pass');
      expect(result.sentence).toContain('VMware');
    });

    it('takes an address the table does not know', () => {
      const result = check.addressSpoofed(bridgePing().on('bridge', '6a:00:00:00:00:01').ping().evidence);
      expect(result).toMatchObject({
        status: 'pass',
        sentence: expect.stringContaining('no name') as string,
      });
    });

    it('is not fooled by alpha’s own frames, nor by the card being set alone', () => {
      expect(check.addressSpoofed(bridgePing().evidence).status).toBe('waiting');
      const set = check.addressSpoofed(bridgePing().on('bridge', VMWARE).evidence);
      expect(set).toMatchObject({ status: 'waiting', sentence: expect.stringContaining(VMWARE) as string });
    });
  });

  describe('what the paths cost', () => {
    const timed = (nat: number, bridge: number, native: number): Story =>
      new Story()
        .ping(10)
        .download(nat)
        .on('bridge')
        .ping(10)
        .download(bridge)
        .on('native')
        .ping(10)
        .download(native);

    it('names what is still missing', () => {
      const result = check.pathsTimed(new Story().ping(10).evidence, {});
      expect(result.sentence).toContain('download on NAT');
      expect(result.sentence).not.toContain('ping on NAT');
    });

    it('does not count a short ping', () => {
      expect(pathTimings(new Story().ping(3).evidence)[0]!.pings).toBeNull();
    });

    it('compares the answer with the student’s own table', () => {
      const { evidence } = timed(0.6, 0.45, 0.44);
      expect(check.pathsTimed(evidence, { timing: 'nat' }).status).toBe('pass');
      expect(check.pathsTimed(evidence, { timing: 'native' })).toMatchObject({
        status: 'fail',
        sentence: expect.stringContaining('NAT 0.600 s') as string,
      });
    });

    it('calls times within 5 % equal', () => {
      const { evidence } = timed(0.45, 0.44, 0.44);
      expect(slowestDownload(pathTimings(evidence))).toBe('none');
      expect(check.pathsTimed(evidence, { timing: 'none' }).status).toBe('pass');
      expect(check.pathsTimed(evidence, { timing: 'nat' }).status).toBe('fail');
    });

    it('shows n, median and range with units', () => {
      expect(timingTable(timed(0.6, 0.45, 0.44).evidence).rows[0]).toEqual({
        path: 'nat',
        cells: ['NAT', { text: '0.550 ms', notes: ['0.100–1.000 ms', 'n = 10'] }, '0.600 s'],
      });
    });
  });

  it('are all passed by the solution’s answers', () => {
    const story = natPing()
      .ping(10)
      .download(0.6)
      .on('bridge')
      .lease('192.168.76.101')
      .ping()
      .on('bridge', VMWARE)
      .ping()
      .ping(10)
      .download(0.45)
      .on('native')
      .ping(10)
      .download(0.44);
    const answers: Record<string, string> = {};
    for (const action of solution)
      if (action.do === 'answer')
        answers[action.step] = typeof action.value === 'string' ? action.value : action.value(story.evidence);
    for (const step of twoPaths.steps)
      expect(step.check(story.evidence, answers), step.id).toMatchObject({ status: 'pass' });
  });
});
