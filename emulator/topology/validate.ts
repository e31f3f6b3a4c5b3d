/** Checks a LabTopology that came from outside (a link, a file, the page): every fault is one sentence that names the field. */
import { isMulticastMac, parseMac } from '../base/address.ts';
import { DEFAULT_TOPOLOGY, PATHS, type GuestTopology, type LabTopology, type PathKind } from './topology.ts';

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly string[] };

/** One guest at a time runs in this version of the lab. */
export const MAX_GUESTS = 1;
const MAX_CAPTURE_FRAMES = 1_000_000;

export function checkPath(path: unknown): Checked<PathKind> {
  if (typeof path === 'string' && (PATHS as readonly string[]).includes(path))
    return { ok: true, value: path as PathKind };
  return { ok: false, faults: [`Unknown path "${String(path)}": use nat, bridge or native.`] };
}

/** A MAC a card may have: six octets, not a group address, not all zeros. */
export function checkMac(mac: unknown): Checked<string> {
  const parsed = typeof mac === 'string' ? parseMac(mac.trim()) : null;
  if (parsed === null)
    return {
      ok: false,
      faults: [
        `"${String(mac)}" is not a MAC address: write six pairs of hexadecimal digits, as in 52:54:00:12:34:56.`,
      ],
    };
  if (parsed === 0) return { ok: false, faults: ['A card cannot have the MAC address 00:00:00:00:00:00.'] };
  if (isMulticastMac(parsed))
    return {
      ok: false,
      faults: [
        `"${String(mac)}" is a group address (the lowest bit of its first octet is set): a card needs an individual one.`,
      ],
    };
  return {
    ok: true,
    value: parsed
      .toString(16)
      .padStart(12, '0')
      .replace(/(..)(?=.)/g, '$1:'),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks a value of any shape; what it leaves out is taken from `DEFAULT_TOPOLOGY`. */
export function validateTopology(input: unknown): Checked<LabTopology> {
  if (!isObject(input)) return { ok: false, faults: ['A topology must be an object.'] };
  const faults: string[] = [];
  const base = DEFAULT_TOPOLOGY;

  if ((input['version'] ?? 1) !== 1)
    faults.push(`version: ${String(input['version'])} is not known here; this lab reads version 1.`);

  const integer = (
    owner: Fields,
    name: string,
    label: string,
    low: number,
    high: number,
    fallback: number,
  ): number => {
    const value = owner[name] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    faults.push(`${label}: must be a whole number from ${low} to ${high}, not ${String(value)}.`);
    return fallback;
  };
  const part = (name: string): Fields => {
    const value = input[name] ?? {};
    if (isObject(value)) return value;
    faults.push(`${name}: must be an object.`);
    return {};
  };
  const mac = (value: unknown, label: string, fallback: string): string => {
    const checked = checkMac(value ?? fallback);
    if (checked.ok) return checked.value;
    faults.push(...checked.faults.map((f) => `${label}: ${f}`));
    return fallback;
  };

  const seed = integer(input, 'seed', 'seed', 0, 0xffff_ffff, base.seed);

  const guests: GuestTopology[] = [];
  const list = input['guests'] ?? base.guests;
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_GUESTS)
    faults.push(`guests: must be a list of 1${MAX_GUESTS > 1 ? ` to ${MAX_GUESTS}` : ''}.`);
  else
    list.forEach((guest: unknown, i) => {
      const fallback = base.guests[0]!;
      if (!isObject(guest)) {
        faults.push(`guests[${i}]: must be an object.`);
        return;
      }
      const id = guest['id'] ?? fallback.id;
      if (typeof id !== 'string' || !/^[a-z][a-z0-9-]{0,14}$/.test(id))
        faults.push(`guests[${i}].id: must be a short host name such as vm1, not ${String(id)}.`);
      else if (guests.some((g) => g.id === id)) faults.push(`guests[${i}].id: ${id} is there twice.`);
      const path = checkPath(guest['path'] ?? fallback.path);
      if (!path.ok) faults.push(...path.faults.map((f) => `guests[${i}].path: ${f}`));
      const nic = guest['nic'] ?? fallback.nic;
      if (nic !== 'rtl8139') faults.push(`guests[${i}].nic: unknown card "${String(nic)}": use rtl8139.`);
      guests.push({
        id: String(id),
        path: path.ok ? path.value : fallback.path,
        nic: 'rtl8139',
        mac: mac(guest['mac'], `guests[${i}].mac`, fallback.mac),
      });
    });

  const macs = part('macs');
  const cable = part('cable');
  const capture = part('capture');
  const value: LabTopology = {
    version: 1,
    seed,
    guests,
    macs: {
      alpha: mac(macs['alpha'], 'macs.alpha', base.macs.alpha),
      beta: mac(macs['beta'], 'macs.beta', base.macs.beta),
      filer: mac(macs['filer'], 'macs.filer', base.macs.filer),
    },
    cable: {
      bitsPerSecond: integer(
        cable,
        'bitsPerSecond',
        'cable.bitsPerSecond',
        10_000,
        100_000_000_000,
        base.cable.bitsPerSecond,
      ),
      delayNs: integer(cable, 'delayNs', 'cable.delayNs', 0, 10_000_000_000, base.cable.delayNs),
      queueFrames: integer(cable, 'queueFrames', 'cable.queueFrames', 1, 100_000, base.cable.queueFrames),
    },
    capture: {
      snapLength: integer(capture, 'snapLength', 'capture.snapLength', 60, 65_535, base.capture.snapLength),
      maxFrames: integer(
        capture,
        'maxFrames',
        'capture.maxFrames',
        100,
        MAX_CAPTURE_FRAMES,
        base.capture.maxFrames,
      ),
    },
  };
  const owners = new Map<string, string>();
  const all: [string, string][] = [
    ...Object.entries(value.macs),
    ...guests.map((g): [string, string] => [g.id, g.mac]),
  ];
  for (const [name, address] of all) {
    const other = owners.get(address);
    if (other)
      faults.push(
        `${name} and ${other} both have the MAC address ${address}: every card on the LAN needs its own.`,
      );
    owners.set(address, name);
  }
  return faults.length === 0 ? { ok: true, value } : { ok: false, faults };
}
