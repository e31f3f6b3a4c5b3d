/**
 * The picture of the simulated world as data: boxes, cables, tap points, for two shapes of room. Names are the code's own.
 * Pure geometry; what is live is drawn over it by `Topology.svelte`.
 */
import type { PathKind } from '../../worker/api.ts';

export interface Box {
  readonly id: string;
  readonly label: string;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly paths: readonly PathKind[];
}

export interface Wire {
  readonly points: readonly (readonly [number, number])[];
  readonly paths: readonly PathKind[];
  /** Where the path's sign stands on it, if it does. */
  readonly sign?: readonly [number, number];
}

/** A tap point: its counters, beside the box it belongs to. Centre of the label. */
export interface Tap {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface Frame {
  readonly label: string;
  readonly note: string;
  /** Where the label starts; without it, at the left edge. */
  readonly labelX?: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Plan {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Frame[];
  readonly boxes: readonly Box[];
  readonly wires: readonly Wire[];
  readonly taps: readonly Tap[];
}

export const BOX_H = 32;
export const TAP_W = 92;
export const TAP_H = 32;

const ALL: readonly PathKind[] = ['nat', 'bridge', 'native'];
const VIRTUAL: readonly PathKind[] = ['nat', 'bridge'];
const NAT: readonly PathKind[] = ['nat'];
const BRIDGE: readonly PathKind[] = ['bridge'];
const NATIVE: readonly PathKind[] = ['native'];

// prettier-ignore
export const widePlan: Plan = {
  width: 820,
  height: 226,
  frames: [
    { label: 'alpha', note: 'physical machine, 192.168.76.10', x: 4, y: 4, w: 556, h: 218 },
    { label: 'beta', note: '192.168.76.20', labelX: 672, x: 572, y: 122, w: 244, h: 100 },
  ],
  boxes: [
    { id: 'vm1', label: 'vm1', x: 52, y: 56, w: 68, paths: VIRTUAL },
    { id: 'rtl8139', label: 'rtl8139', x: 156, y: 56, w: 80, paths: VIRTUAL },
    { id: 'tap0', label: 'tap0', x: 284, y: 56, w: 60, paths: BRIDGE },
    { id: 'br0', label: 'br0', x: 404, y: 56, w: 56, paths: VIRTUAL },
    { id: 'eth0', label: 'eth0', x: 508, y: 56, w: 60, paths: VIRTUAL },
    { id: 'slirp', label: 'slirp', x: 236, y: 158, w: 62, paths: NAT },
    { id: 'sockets', label: 'sockets', x: 322, y: 158, w: 76, paths: NAT },
    { id: 'host', label: 'host TCP/IP', x: 434, y: 158, w: 108, paths: NAT },
    { id: 'switch', label: 'switch', x: 630, y: 56, w: 72, paths: ALL },
    { id: 'filer', label: 'filer', x: 762, y: 56, w: 68, paths: ALL },
    { id: 'beta-card', label: 'rtl8139', x: 630, y: 166, w: 80, paths: NATIVE },
    { id: 'beta-vm', label: 'vm1’s image', x: 752, y: 166, w: 106, paths: NATIVE },
  ],
  wires: [
    { points: [[86, 56], [116, 56]], paths: VIRTUAL },
    { points: [[196, 56], [254, 56]], paths: BRIDGE, sign: [225, 56] },
    { points: [[314, 56], [376, 56]], paths: BRIDGE },
    { points: [[432, 56], [478, 56]], paths: VIRTUAL },
    { points: [[538, 56], [594, 56]], paths: VIRTUAL, sign: [577, 56] },
    { points: [[666, 56], [728, 56]], paths: ALL, sign: [697, 56] },
    { points: [[196, 62], [212, 62], [212, 142]], paths: NAT, sign: [212, 112] },
    { points: [[267, 158], [284, 158]], paths: NAT },
    { points: [[360, 158], [380, 158]], paths: NAT },
    { points: [[410, 142], [410, 72]], paths: NAT, sign: [410, 112] },
    { points: [[670, 166], [699, 166]], paths: NATIVE },
    { points: [[630, 150], [630, 72]], paths: NATIVE, sign: [630, 104] },
  ],
  taps: [
    { name: 'vm1.eth0', x: 144, y: 94 },
    { name: 'alpha.tap0', x: 284, y: 94 },
    { name: 'alpha.eth0', x: 508, y: 94 },
    { name: 'alpha.slirp', x: 322, y: 196 },
    { name: 'filer.eth0', x: 762, y: 94 },
    { name: 'beta.eth0', x: 630, y: 202 },
  ],
};

// prettier-ignore
export const tallPlan: Plan = {
  width: 400,
  height: 336,
  frames: [
    { label: 'alpha', note: '192.168.76.10', x: 4, y: 4, w: 392, h: 196 },
    { label: 'beta', note: '192.168.76.20', x: 4, y: 262, w: 236, h: 72 },
  ],
  boxes: [
    { id: 'vm1', label: 'vm1', x: 40, y: 48, w: 52, paths: VIRTUAL },
    { id: 'rtl8139', label: 'rtl8139', x: 126, y: 48, w: 72, paths: VIRTUAL },
    { id: 'tap0', label: 'tap0', x: 216, y: 48, w: 52, paths: BRIDGE },
    { id: 'br0', label: 'br0', x: 290, y: 48, w: 46, paths: VIRTUAL },
    { id: 'eth0', label: 'eth0', x: 360, y: 48, w: 52, paths: VIRTUAL },
    { id: 'slirp', label: 'slirp', x: 126, y: 138, w: 58, paths: NAT },
    { id: 'sockets', label: 'sockets', x: 210, y: 138, w: 70, paths: NAT },
    { id: 'host', label: 'host TCP/IP', x: 318, y: 138, w: 102, paths: NAT },
    { id: 'switch', label: 'switch', x: 352, y: 234, w: 68, paths: ALL },
    { id: 'filer', label: 'filer', x: 230, y: 234, w: 62, paths: ALL },
    { id: 'beta-card', label: 'rtl8139', x: 182, y: 302, w: 72, paths: NATIVE },
  ],
  wires: [
    { points: [[66, 48], [90, 48]], paths: VIRTUAL },
    { points: [[162, 48], [190, 48]], paths: BRIDGE, sign: [176, 48] },
    { points: [[242, 48], [267, 48]], paths: BRIDGE },
    { points: [[313, 48], [334, 48]], paths: VIRTUAL },
    { points: [[386, 56], [386, 218]], paths: VIRTUAL, sign: [386, 196] },
    { points: [[318, 234], [261, 234]], paths: ALL, sign: [290, 234] },
    { points: [[150, 64], [150, 122]], paths: NAT, sign: [150, 112] },
    { points: [[155, 138], [175, 138]], paths: NAT },
    { points: [[245, 138], [267, 138]], paths: NAT },
    { points: [[290, 122], [290, 64]], paths: NAT, sign: [290, 112] },
    { points: [[218, 302], [352, 302], [352, 250]], paths: NATIVE, sign: [300, 302] },
  ],
  taps: [
    { name: 'vm1.eth0', x: 90, y: 86 },
    { name: 'alpha.tap0', x: 216, y: 86 },
    { name: 'alpha.eth0', x: 333, y: 86 },
    { name: 'alpha.slirp', x: 210, y: 177 },
    { name: 'filer.eth0', x: 146, y: 234 },
    { name: 'beta.eth0', x: 92, y: 306 },
  ],
};

export const pathNames: Readonly<Record<PathKind, string>> = {
  nat: 'NAT',
  bridge: 'Bridge',
  native: 'Native',
};
export const pathSigns: Readonly<Record<PathKind, string>> = { nat: '▲', bridge: '■', native: '●' };

/** The way a frame takes, in words. */
export const pathWays: Readonly<Record<PathKind, string>> = {
  nat: 'vm1, rtl8139, slirp, sockets, host TCP/IP, br0, eth0, switch, filer',
  bridge: 'vm1, rtl8139, tap0, br0, eth0, switch, filer',
  native: 'vm1’s image on beta, rtl8139, switch, filer',
};
