/**
 * A small pcapng reader for tests: the obvious twin of the project's writer, written from the specification
 * (draft-ietf-opsawg-pcapng) and not from it. Little-endian sections, enhanced packet blocks, nanosecond resolution only.
 */
export interface ReadFrame {
  readonly iface: string;
  /** ns since 1970, as the file says. */
  readonly at: bigint;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** `in`, `out` or null. */
  readonly direction: 'in' | 'out' | null;
}

export function readPcapng(file: Uint8Array): ReadFrame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const interfaces: string[] = [];
  const frames: ReadFrame[] = [];
  if (view.getUint32(0, true) !== 0x0a0d0d0a || view.getUint32(8, true) !== 0x1a2b3c4d)
    throw new Error('not a little-endian pcapng file');
  const options = function* (
    from: number,
    to: number,
  ): Generator<{ code: number; at: number; length: number }> {
    for (let p = from; p + 4 <= to;) {
      const code = view.getUint16(p, true);
      const length = view.getUint16(p + 2, true);
      if (code === 0) return;
      yield { code, at: p + 4, length };
      p += 4 + Math.ceil(length / 4) * 4;
    }
  };
  for (let at = 0; at < file.length;) {
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (length < 12 || length % 4 !== 0 || view.getUint32(at + length - 4, true) !== length)
      throw new Error(`bad block length at ${at}`);
    if (type === 1) {
      let name = `#${interfaces.length}`;
      let resolution = 6;
      for (const option of options(at + 16, at + length - 4)) {
        if (option.code === 2)
          name = new TextDecoder().decode(file.subarray(option.at, option.at + option.length));
        if (option.code === 9) resolution = file[option.at]!;
      }
      if (resolution !== 9) throw new Error(`interface ${name}: resolution 10^-${resolution}`);
      interfaces.push(name);
    } else if (type === 6) {
      const iface = interfaces[view.getUint32(at + 8, true)];
      if (iface === undefined) throw new Error(`frame at ${at} names an unknown interface`);
      const captured = view.getUint32(at + 20, true);
      let direction: ReadFrame['direction'] = null;
      for (const option of options(at + 28 + Math.ceil(captured / 4) * 4, at + length - 4))
        if (option.code === 2)
          direction = ([null, 'in', 'out', null] as const)[view.getUint32(option.at, true) & 3] ?? null;
      frames.push({
        iface,
        at: (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true)),
        length: view.getUint32(at + 24, true),
        bytes: file.subarray(at + 28, at + 28 + captured),
        direction,
      });
    }
    at += length;
  }
  return frames;
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');

/** Source and destination MAC as text. */
export const macsOf = (frame: ReadFrame): readonly [string, string] => [
  hexOf(frame.bytes.subarray(6, 12)),
  hexOf(frame.bytes.subarray(0, 6)),
];

/** Every IPv4 address that stands in the frame: IP header, and ARP's two. */
export function addressesOf(frame: ReadFrame): readonly string[] {
  const type = (frame.bytes[12]! << 8) | frame.bytes[13]!;
  const at = type === 0x0800 ? [26, 30] : type === 0x0806 ? [28, 38] : [];
  return at.map((p) => frame.bytes.subarray(p, p + 4).join('.'));
}
