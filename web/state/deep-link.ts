/** Deep links: `#lab=two-paths&step=bridge&path=nat&mac=…&panel=terminal&packet=12`. Pure: text in, wishes and problems out. */
import { findLab } from '../../labs/index.ts';
import { frameIndex, frameNumber } from '../../labs/frame-number.ts';
import { parseMac } from '../../emulator/base/address.ts';
import type { PathKind } from '../../worker/api.ts';
import { PANELS, type PanelId } from './layout.svelte.ts';

export interface DeepLink {
  readonly lab?: string;
  readonly step?: string;
  readonly path?: PathKind;
  readonly mac?: string;
  readonly panel?: PanelId;
  /** Index of the frame; the link has its number. */
  readonly packet?: number;
}

export interface ParsedLink {
  readonly link: DeepLink;
  /** What the link asked for and cannot have, each as a sentence with what happens in its place. */
  readonly problems: readonly string[];
}

const PATHS: readonly string[] = ['nat', 'bridge', 'native'];
const shown = (text: string): string => `“${text.slice(0, 40)}”`;

export function parseLink(hash: string, defaultLab: string): ParsedLink {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const problems: string[] = [];
  const read = <T>(
    name: string,
    convert: (text: string) => T | undefined,
    problem: (text: string) => string,
  ) => {
    const text = params.get(name);
    if (text === null || text === '') return undefined;
    const value = convert(text);
    if (value === undefined) problems.push(problem(text));
    return value;
  };
  const lab = read(
    'lab',
    (text) => findLab(text)?.id,
    (text) =>
      `This link asks for the lab ${shown(text)}, which does not exist here. The first lab is shown in its place.`,
  );
  const current = findLab(lab ?? defaultLab);
  const step = read(
    'step',
    (text) => current?.steps.find((s) => s.id === text)?.id,
    (text) =>
      `This link asks for the step ${shown(text)}, which this lab does not have. It opens at your own place.`,
  );
  const path = read(
    'path',
    (text) => (PATHS.includes(text) ? (text as PathKind) : undefined),
    (text) =>
      `This link asks for the path ${shown(text)}. There are nat, bridge and native. The lab keeps its own; choose another above the picture.`,
  );
  const mac = read(
    'mac',
    (text) => (parseMac(text) === null ? undefined : text),
    (text) =>
      `This link asks for the MAC address ${shown(text)}, which is not six pairs of hexadecimal digits. The card keeps its own.`,
  );
  const panel = read(
    'panel',
    (text) => PANELS.find((p) => p === text),
    (text) => `This link asks for the panel ${shown(text)}. There are ${PANELS.join(', ')}.`,
  );
  const packet = read(
    'packet',
    (text) => (/^[1-9]\d{0,8}$/.test(text) ? frameIndex(Number(text)) : undefined),
    (text) =>
      `This link asks for the packet ${shown(text)}, which is not a frame’s number (they count from 1). No packet is selected.`,
  );
  return {
    link: {
      ...(lab !== undefined && { lab }),
      ...(step !== undefined && { step }),
      ...(path !== undefined && { path }),
      ...(mac !== undefined && { mac }),
      ...(panel !== undefined && { panel }),
      ...(packet !== undefined && { packet }),
    },
    problems,
  };
}

export function formatLink(link: DeepLink): string {
  const params = new URLSearchParams();
  const { packet, ...rest } = link;
  for (const [name, value] of Object.entries(rest)) params.set(name, value);
  if (packet !== undefined) params.set('packet', String(frameNumber(packet)));
  return `#${params.toString().replaceAll('%3A', ':')}`;
}
